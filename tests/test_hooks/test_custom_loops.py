"""Training loops of users: loops that skip, fetch ahead, or take batches from other loaders."""

import json

import pytest
import torch
from custom_loops import collate
from mmengine.registry import LOOPS
from mmengine.runner import EpochBasedTrainLoop
from toy import ToyModel, assert_same_scores, read_log, replay, train

EPOCHS = dict(max_epochs=6)
ITERATIONS = dict(max_iters=57, val_interval=1000)


def loops(name):
    """Runs a test with the loop of epochs and with the loop of iterations of a kind."""
    return pytest.mark.parametrize(
        'train_cfg',
        [dict(type=f'{name}Epochs', **EPOCHS), dict(type=f'{name}Iterations', **ITERATIONS)],
        ids=['epochs', 'iterations'],
    )


def run(tmp_path, train_cfg, **options):
    return train(tmp_path, train_cfg=dict(train_cfg), **options)


def collate_or_give_up(samples):
    """Gives up a batch that contains one of two samples."""
    batch = collate(samples)
    return None if {7, 20} & set(batch['data_samples']) else batch


@pytest.mark.parametrize('num_workers', [0, 2])
@loops('Skipping')
def test_batches_that_collate_gives_up_do_not_shift_scores(tmp_path, train_cfg, num_workers):
    loader = dict(collate_fn=collate_or_give_up)
    _, recorder, hook = run(tmp_path, train_cfg, loader=loader, num_workers=num_workers)
    scorer = hook.sampler.scorer
    assert_same_scores(scorer, replay(recorder))
    assert scorer.visits[[7, 20]].tolist() == [0, 0]
    assert scorer.scores.unique().numel() > 5
    assert hook.savings.unscored_batches == 0
    assert hook.savings.samples_seen == sum(map(len, recorder.batches))


@loops('SkippingByContent')
def test_batches_that_a_loop_skips_do_not_shift_scores(tmp_path, train_cfg):
    _, recorder, hook = run(tmp_path, train_cfg)
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert hook.sampler.scorer.visits[[7, 20]].tolist() == [0, 0]


@loops('FetchingAhead')
def test_fetching_batches_ahead_does_not_shift_scores(tmp_path, train_cfg):
    _, recorder, hook = run(tmp_path, train_cfg)
    kind = 'EpochBasedTrainLoop' if 'max_epochs' in train_cfg else 'IterBasedTrainLoop'
    _, plain, _ = run(tmp_path / 'plain', dict(train_cfg, type=kind))
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert hook.savings.unscored_batches == 0
    # Later epochs may differ: they are planned when their first batch is fetched.
    assert recorder.batches[:11] == plain.batches[:11]


@loops('Peeking')
def test_a_second_iteration_over_the_loader_does_not_shift_scores(tmp_path, train_cfg):
    _, recorder, hook = run(tmp_path, train_cfg)
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert hook.savings.unscored_batches == 0


@loops('FromAnotherLoader')
def test_batches_of_another_loader_are_counted_and_not_scored(tmp_path, train_cfg):
    _, recorder, hook = run(tmp_path, train_cfg, log_level='INFO')
    foreign = [sum(batch == list(range(n, n + 4)) for batch in recorder.batches) for n in (0, 4, 8)]
    assert min(foreign) > 0
    num_foreign = hook.savings.unscored_batches
    assert 0.2 < num_foreign / len(recorder.batches) < 0.4
    own = [
        (batch, loss)
        for batch, loss in zip(recorder.batches, recorder.losses)
        if batch != list(range(batch[0], batch[0] + len(batch))) or batch[0] % 4
    ]
    assert len(own) == len(recorder.batches) - num_foreign
    recorder.batches, recorder.losses = map(list, zip(*own))
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    log = read_log(tmp_path)
    assert log.count('got a batch that the training loader did not yield') == 1
    assert f'; {num_foreign} batches were not scored' in log
    assert json.loads((tmp_path / 'bls_summary.json').read_text())['unscored_batches'] > 0


@pytest.mark.parametrize('pruner', ['NoPruning', 'DynamicRandom'])
@pytest.mark.parametrize('kind', ['FromAnotherLoader', 'MovingBatches'])
def test_unknown_batches_do_not_overstate_pruning(tmp_path, kind, pruner):
    train_cfg = dict(type=f'{kind}Epochs', **EPOCHS)
    _, recorder, hook = run(tmp_path, train_cfg, pruner=dict(type=pruner))
    assert hook.savings.unscored_batches > 0
    samples_seen = sum(map(len, recorder.batches))
    assert hook.savings.samples_seen >= samples_seen
    assert hook.savings.pruned <= 1 - samples_seen / (6 * 42)
    assert hook.savings.pruned == pytest.approx(1 - samples_seen / (6 * 42), abs=0.1)


@LOOPS.register_module()
class WithoutTrainStep(EpochBasedTrainLoop):
    """Trains without the model's ``train_step``."""

    def run_iter(self, idx, data_batch):
        self.runner.call_hook('before_train_iter', batch_idx=idx, data_batch=data_batch)
        loss, outputs = self.runner.model.parse_losses(self.runner.model(**data_batch, mode='loss'))
        self.runner.optim_wrapper.update_params(loss)
        self.runner.call_hook(
            'after_train_iter', batch_idx=idx, data_batch=data_batch, outputs=outputs
        )
        self._iter += 1


def test_loop_without_train_step_is_warned_and_does_not_overstate_pruning(tmp_path):
    _, recorder, hook = run(
        tmp_path, dict(type='WithoutTrainStep', **EPOCHS), pruner=dict(type='DynamicRandom')
    )
    assert hook.savings.unscored_batches == len(recorder.batches)
    assert 0 < hook.savings.pruned <= 1 - sum(map(len, recorder.batches)) / (6 * 42)
    assert read_log(tmp_path).count("did not call the model's train_step") == 1


@LOOPS.register_module()
class SkippingFailures(EpochBasedTrainLoop):
    """Skips iterations that fail, as loops do that run out of memory."""

    def run_iter(self, idx, data_batch):
        try:
            super().run_iter(idx, data_batch)
        except MemoryError:
            self.runner.optim_wrapper.zero_grad()


def test_failed_steps_do_not_shift_scores(tmp_path):
    class Failing(ToyModel):
        def forward(self, inputs, data_samples=None, mode='tensor'):
            losses = super().forward(inputs, data_samples, mode)
            if 7 in data_samples:
                raise MemoryError
            return losses

    _, recorder, hook = run(tmp_path, dict(type='SkippingFailures', **EPOCHS), model=Failing())
    recorder.batches = [batch for batch in recorder.batches if 7 not in batch]
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert torch.isfinite(hook.sampler.scorer.scores).all()
    assert hook.sampler.scorer.visits[7] == 0
