"""``scorer='auto'`` in runs whose losses of samples are gone later: the run goes on."""

import pytest
import torch
from mmengine.hooks import Hook
from other_libraries import import_library
from torch import nn
from toy import ToyModel, build_runner, find_hook, read_log, train

from bls_mm.hooks.loss_reader import NO_SAMPLE_LOSSES
from bls_mm.scorers import ResidualScorer

INFO_BATCH = dict(type='InfoBatch', delta=1.0)


class Reduces(Hook):
    """Lets the model return one loss per batch from the third epoch on."""

    priority = 50

    def before_train_epoch(self, runner):
        runner.model.per_sample = runner.epoch < 2


class Losses(Hook):
    """Feeds an own scorer with the logged losses of these epochs."""

    def __init__(self):
        self.expected = ResidualScorer(42, per_sample=True)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.epoch >= 2:
            samples = [int(sample) for sample in data_batch['data_samples']]
            self.expected.update(samples, outputs['loss'].expand(len(samples)))


def build(tmp_path, *hooks, **options):
    options = dict(dict(model=ToyModel(True), sampler=dict(scorer='auto')), **options)
    return build_runner(tmp_path, custom_hooks=list(hooks), pruner=INFO_BATCH, **options)


def test_each_sample_gets_the_loss_of_its_batch_and_the_log_says_so_once(tmp_path):
    runner = build(tmp_path, Reduces())
    losses = Losses()
    runner.register_hook(losses)

    class Starts(Hook):
        """Copies the scores before the first epoch of batch losses."""

        def before_train_epoch(self, runner):
            if runner.epoch == 2:
                losses.expected.load_state_dict(find_hook(runner).sampler.scorer.state_dict())

    runner.register_hook(Starts())
    runner.train()
    scorer = find_hook(runner).sampler.scorer
    torch.testing.assert_close(scorer.scores, losses.expected.scores)
    assert torch.equal(scorer.visits, losses.expected.visits)
    assert read_log(tmp_path).count(NO_SAMPLE_LOSSES) == 1


def test_batch_loss_gets_the_mean_weight_of_its_samples(tmp_path):
    class Gradients(Hook):
        """Compares each step with the gradient of the same loss without weights."""

        def __init__(self):
            self.weights, self.factors = [], []

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            twin = ToyModel()
            twin.load_state_dict(runner.model.state_dict())
            twin.parse_losses(twin(data_batch['inputs'], mode='loss'))[0].backward()
            self.before, self.plain = twin.linear.weight.detach(), twin.linear.weight.grad
            self.weight = runner.train_dataloader.tracked(data_batch).weight

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            if runner.epoch >= 2:
                step = self.before - runner.model.linear.weight.detach()
                self.weights.append(self.weight)
                self.factors.append(float(step.norm() / (0.01 * self.plain.norm())))

    gradients = Gradients()
    build(tmp_path, Reduces(), gradients).train()
    assert max(gradients.weights) > 1
    assert gradients.factors == pytest.approx(gradients.weights, rel=1e-3)


def test_new_loss_that_sums_over_the_batch_is_divided_by_its_size(tmp_path):
    class Exchanges(ToyModel):
        """Each sample has loss 3."""

        def __init__(self):
            super().__init__(per_sample=True)
            self.loss = nn.MSELoss(reduction='none')

        def forward(self, inputs, data_samples=None, mode='tensor'):
            hidden = self.linear(torch.stack(list(inputs)))
            losses = self.loss(hidden, hidden.detach())
            return dict(loss=(losses.mean(1) if losses.ndim else losses) + 3 * self.factor(inputs))

        def factor(self, inputs):
            return len(inputs) if self.loss.reduction == 'sum' else 1

    class Sums(Hook):
        priority = 50

        def before_train_epoch(self, runner):
            runner.model.loss.reduction = 'none' if runner.epoch < 2 else 'sum'

    runner = build(tmp_path, Sums(), model=Exchanges())
    runner.train()
    assert find_hook(runner).sampler.scorer.scores.tolist() == pytest.approx([1] * 42)


def test_hook_of_mmpretrain_that_exchanges_the_loss(tmp_path):
    models = import_library('mmpretrain.models')
    from mmpretrain.engine.hooks import SwitchRecipeHook

    class Classifier(ToyModel):
        """Classifies a sample by the remainder of its index."""

        def __init__(self):
            super().__init__()
            loss = models.CrossEntropyLoss()
            self.head = models.LinearClsHead(num_classes=3, in_channels=2, loss=loss)

        def forward(self, inputs, data_samples=None, mode='tensor'):
            labels = torch.tensor(data_samples) % 3
            return dict(loss=self.head.loss_module(self.linear(torch.stack(list(inputs))), labels))

    multi_label = dict(label_smooth_val=0.1, num_classes=3, mode='multi_label', use_sigmoid=True)
    loss = models.LabelSmoothLoss(**multi_label)
    switch = SwitchRecipeHook([dict(action_epoch=2, loss=loss)])
    runner = build(tmp_path, switch, model=Classifier())
    runner.train()
    assert isinstance(runner.model.head.loss_module, models.LabelSmoothLoss)
    assert find_hook(runner).sampler.scorer.needs_sample_losses is True
    assert read_log(tmp_path).count(NO_SAMPLE_LOSSES) == 1


def test_repeated_inputs_from_a_later_epoch_on_have_batch_losses(tmp_path):
    class Repeats(Hook):
        """Lets the collate function return each sample twice, as repeated augmentation does."""

        priority = 50

        def before_train_epoch(self, runner):
            if runner.epoch == 2:
                loader, own = runner.train_dataloader, runner.train_dataloader.collate_fn
                loader.collate_fn = lambda samples: own([s for s in samples for _ in range(2)])

    runner = build(tmp_path, Repeats())
    runner.train()
    assert read_log(tmp_path).count(NO_SAMPLE_LOSSES) == 1


def test_scorer_that_was_told_to_use_sample_losses_refuses_a_batch_loss(tmp_path):
    for scorer in dict(type='SampleLossScorer'), dict(type='ResidualScorer', per_sample=True):
        runner = build(tmp_path / scorer['type'], Reduces(), sampler=dict(scorer=scorer))
        with pytest.raises(ValueError, match=r'has shape \(\), but a scorer of true sample losses'):
            runner.train()


def test_resumed_run_whose_model_returns_a_batch_loss_goes_on(tmp_path):
    checkpoints = dict(checkpoint=dict(type='CheckpointHook', interval=1))
    train(
        tmp_path,
        model=ToyModel(True),
        sampler=dict(scorer='auto'),
        max_epochs=3,
        default_hooks=checkpoints,
    )
    _, record, hook = train(
        tmp_path / 'resumed',
        model=ToyModel(),
        sampler=dict(scorer='auto'),
        load_from=str(tmp_path / 'epoch_2.pth'),
        resume=True,
    )
    assert len(record.batches) > 0
    assert hook.sampler.scorer.needs_sample_losses is True
    assert read_log(tmp_path / 'resumed').count(NO_SAMPLE_LOSSES) == 1
