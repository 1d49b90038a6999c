"""After an interruption the runner can go on, and other runs of the process are not affected."""

import pytest
import torch
from mmengine.hooks import Hook
from resumed_runs import LOOPS, assert_same_run, options_of
from toy import (
    Recorder,
    ToyModel,
    assert_same_scores,
    build_plain_runner,
    build_runner,
    find_hook,
    replay,
    train,
)


class Stop(Hook):
    """Interrupts a run once, at the end of an iteration."""

    priority = 45  # before BLSHook

    def __init__(self, iteration) -> None:
        self.iteration = iteration

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.iteration:
            self.iteration = None
            raise KeyboardInterrupt


class InitialisedOnce(ToyModel):
    """Initialises its weights once, as MMEngine's modules do."""

    def init_weights(self):
        if not self._is_init:
            super().init_weights()
        self._is_init = True


@LOOPS
@pytest.mark.parametrize('iteration', [0, 4, 17, 30])
def test_runner_that_trains_again_goes_on(tmp_path, train_cfg, iteration):
    options = options_of(train_cfg, pruner=dict(type='DynamicRandom', prune_ratio=0.5))
    whole = train(tmp_path / 'whole', **options)
    runner = build_runner(tmp_path / 'stopped', model=InitialisedOnce(), **options)
    runner.register_hook(Stop(iteration))
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.train()
    assert_same_run((runner, recorder, find_hook(runner)), whole)


@LOOPS
@pytest.mark.parametrize('resumes', [True, False])
def test_checkpoint_that_is_loaded_after_an_interruption(tmp_path, train_cfg, resumes):
    """A run that resumes from it continues there; weights alone change no position and no score."""
    options = options_of(train_cfg, pruner=dict(type='DynamicRandom', prune_ratio=0.5))
    whole, expected, whole_hook = train(tmp_path / 'whole', **options)
    runner = build_runner(tmp_path / 'stopped', model=InitialisedOnce(), **options)
    recorder = Recorder()
    runner.register_hook(Stop(17))
    runner.register_hook(recorder)
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    start = 10 if resumes else 17
    checkpoint = str(tmp_path / 'stopped' / 'iter_10.pth')
    runner.resume(checkpoint) if resumes else runner.load_checkpoint(checkpoint)
    runner.train()
    assert runner.iter == whole.iter
    assert recorder.batches[17:] == expected.batches[start:]
    assert recorder.lrs[17:] == expected.lrs[start:]
    if resumes:
        assert_same_scores(find_hook(runner).sampler.scorer, whole_hook.sampler.scorer)
    else:
        assert_same_scores(find_hook(runner).sampler.scorer, replay(recorder))


def test_an_interrupted_run_that_goes_on_keeps_its_scores(tmp_path):
    """``reset_scores`` concerns the scores of a checkpoint."""
    runner = build_runner(tmp_path, model=InitialisedOnce(), hook=dict(reset_scores=True))
    recorder = Recorder()
    runner.register_hook(Stop(17))
    runner.register_hook(recorder)
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    runner.train()
    assert_same_scores(find_hook(runner).sampler.scorer, replay(recorder))


def test_loader_of_an_earlier_run_is_refused(tmp_path):
    first, _, _ = train(tmp_path / 'first')
    loader = first.train_loop.dataloader
    runner = build_runner(tmp_path / 'second')
    runner._train_dataloader = loader
    with pytest.raises(ValueError, match=r'used by an earlier run.* build a new DataLoader'):
        runner.train()


class Interruption(Hook):
    """Raises an error in the middle of a training step of a weighted epoch."""

    priority = 95

    def __init__(self, error) -> None:
        self.error = error

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.epoch == 2 and batch_idx == 3:
            runner.model.linear.register_forward_hook(self.fail)

    def fail(self, module, args, output):
        module._forward_hooks.clear()
        raise self.error


def interrupted_model(work_dir, error, **options):
    """The model of a pruned run that was interrupted."""
    runner = build_runner(work_dir, **options)
    runner.register_hook(Interruption(error))
    with pytest.raises(type(error)):
        runner.train()
    assert find_hook(runner).sampler.plan.weights is not None
    return runner.model


def plain_losses(work_dir, model):
    runner = build_plain_runner(work_dir, model=model, max_epochs=2)
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.train()
    return recorder.losses


ERRORS = pytest.mark.parametrize('error', [RuntimeError('out of memory'), KeyboardInterrupt()])


@ERRORS
def test_plain_run_of_an_interrupted_model_equals_that_of_a_new_model(tmp_path, error):
    model = interrupted_model(tmp_path / 'interrupted', error)
    assert plain_losses(tmp_path / 'on', model) == plain_losses(tmp_path / 'new', ToyModel())


@ERRORS
def test_pruned_run_of_an_interrupted_model_equals_that_of_a_new_model(tmp_path, error):
    model = interrupted_model(tmp_path / 'interrupted', error)
    runner, recorder, hook = train(tmp_path / 'on', model=model)
    _, expected, expected_hook = train(tmp_path / 'new')
    assert (recorder.batches, recorder.losses) == (expected.batches, expected.losses)
    assert_same_scores(hook.sampler.scorer, replay(expected))
    assert torch.equal(hook.sampler.scorer.scores, expected_hook.sampler.scorer.scores)
    assert {'forward', 'train_step'}.isdisjoint(vars(runner.model))


@ERRORS
def test_reduction_of_an_interrupted_model_is_restored(tmp_path, error):
    models = pytest.importorskip('mmpretrain.models')

    class Classifier(ToyModel):
        """A toy model with a loss of MMPretrain, which BLS can unreduce."""

        def __init__(self):
            super().__init__()
            loss = models.losses.CrossEntropyLoss()
            self.head = models.LinearClsHead(num_classes=3, in_channels=2, loss=loss)

        def init_weights(self):
            torch.nn.init.ones_(self.head.fc.weight)
            super().init_weights()

        def forward(self, inputs, data_samples=None, mode='tensor'):
            output = self.linear(torch.stack(list(inputs)))
            return dict(loss=self.head.loss_module(output, torch.tensor(data_samples) % 3))

    options = dict(sampler=dict(scorer='auto'))
    model = interrupted_model(tmp_path / 'interrupted', error, model=Classifier(), **options)
    assert model.head.loss_module.reduction == 'mean'
    assert plain_losses(tmp_path / 'on', model) == plain_losses(tmp_path / 'new', Classifier())
    _, _, hook = train(tmp_path / 'pruned', model=model, **options)
    assert hook.sampler.scorer.needs_sample_losses
    assert model.head.loss_module.reduction == 'mean'
