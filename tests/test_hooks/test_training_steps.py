"""Runs whose training steps are not MMEngine's own, and hooks that call the model."""

import copy

import pytest
import torch
from mmengine.hooks import Hook
from torch.optim import SGD
from toy import (
    Recorder,
    ToyModel,
    assert_same_scores,
    build_runner,
    find_hook,
    read_log,
    replay,
    train,
)


class OwnStep(ToyModel):
    """Keeps the losses that each training step computes."""

    def __init__(self) -> None:
        super().__init__()
        self.computed = []

    def losses_of(self, data):
        losses, log = self.parse_losses(self(**data, mode='loss'))
        self.computed[-1].append(losses.item())
        return losses, log

    def train_step(self, data, optim_wrapper):
        self.computed.append([])
        loss, log = self.step(self.data_preprocessor(data, True))
        optim_wrapper.update_params(loss)
        return log


class SharpnessAware(OwnStep):
    """SAM: minimises the loss at weights that a first forward pass has moved uphill."""

    def step(self, data):
        first, _ = self.losses_of(data)
        gradients = torch.autograd.grad(first, list(self.parameters()))
        self.move(gradients, 0.05)
        second, log = self.losses_of(data)
        self.move(gradients, -0.05)
        return second, log

    def move(self, gradients, length):
        with torch.no_grad():
            for parameter, gradient in zip(self.parameters(), gradients):
                parameter += length * gradient


class Adversarial(OwnStep):
    """Minimises the loss of the inputs and of adversarial inputs together."""

    def step(self, data):
        inputs = [vector.clone().requires_grad_() for vector in data['inputs']]
        clean, log = self.losses_of(dict(data, inputs=inputs))
        gradients = torch.autograd.grad(clean, inputs, retain_graph=True)
        inputs = [x.detach() + 0.1 * g.sign() for x, g in zip(inputs, gradients)]
        return clean + self.losses_of(dict(data, inputs=inputs))[0], log


class SelfDistillation(OwnStep):
    """Has a forward pass without gradient before the one that it minimises."""

    def step(self, data):
        with torch.no_grad():
            teacher = self(**dict(data, inputs=[10 * x for x in data['inputs']]), mode='loss')
        loss, log = self.losses_of(data)
        return loss + 0 * self.parse_losses(teacher)[0], log


class ByPosition(OwnStep):
    """Passes ``mode`` by position, to ``forward`` itself."""

    def step(self, data):
        losses, log = self.parse_losses(self.forward(data['inputs'], data['data_samples'], 'loss'))
        self.computed[-1].append(losses.item())
        return losses, log


@pytest.mark.parametrize(
    ('kind', 'num_calls'),
    [(SharpnessAware, 2), (Adversarial, 2), (SelfDistillation, 1), (ByPosition, 1)],
)
def test_score_is_the_sum_of_the_losses_of_a_step(tmp_path, kind, num_calls):
    model = kind()
    _, recorder, hook = train(tmp_path, model=model)
    recorder.losses = [sum(losses) for losses in model.computed]
    assert {len(losses) for losses in model.computed} == {num_calls}
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert hook.savings.unscored_batches == 0
    notices = read_log(tmp_path).count('returned losses several times in one training step')
    assert notices == (num_calls > 1)


class SometimesNoLoss(ToyModel):
    """Skips the step of batches with sample 7, without a call of the model."""

    def train_step(self, data, optim_wrapper):
        if 7 in data['data_samples']:
            return dict(loss=torch.tensor(0.0))
        return super().train_step(data, optim_wrapper)


def without_sample_7(recorder):
    """The record of the batches that do not contain sample 7, and the number of the others."""
    pairs = list(zip(recorder.batches, recorder.losses))
    kept = [pair for pair in pairs if 7 not in pair[0]]
    recorder.batches, recorder.losses = map(list, zip(*kept))
    return recorder, len(pairs) - len(kept)


def test_steps_without_a_loss_are_counted_and_the_run_continues(tmp_path):
    _, recorder, hook = train(tmp_path, model=SometimesNoLoss(), max_epochs=5)
    samples_seen = sum(map(len, recorder.batches))
    recorder, num_skipped = without_sample_7(recorder)
    assert num_skipped == 5  # never scored, so never pruned
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert hook.savings.unscored_batches == 5
    assert hook.savings.samples_seen == samples_seen
    log = read_log(tmp_path)
    assert log.count("forward was not called with mode='loss'") == 1


class NeverALoss(ToyModel):
    def train_step(self, data, optim_wrapper):
        return dict(loss=torch.tensor(0.0))


def test_run_without_any_loss_prunes_nothing(tmp_path):
    _, recorder, hook = train(tmp_path, model=NeverALoss(), max_epochs=3)
    assert hook.savings.pruned == 0
    assert hook.savings.unscored_batches == len(recorder.batches) == 3 * 11
    assert hook.sampler.scorer.visits.sum() == 0


class ForwardPasses(Hook):
    """Calls the model between training steps, before and after BLSHook."""

    def __init__(self, priority: int) -> None:
        self.priority = priority

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        runner.model(inputs=[10 * x for x in data_batch['inputs']], mode='loss')

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        runner.model(inputs=[20 * x for x in data_batch['inputs']], mode='loss')


@pytest.mark.parametrize('priority', [20, 95])
def test_forward_passes_of_other_hooks_are_not_scored(tmp_path, priority):
    runner = build_runner(tmp_path)
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.register_hook(ForwardPasses(priority))
    runner.train()
    hook = find_hook(runner)
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert hook.savings.unscored_batches == 0
    assert 'several times' not in read_log(tmp_path)


class TrainACopy(Hook):
    """Trains a deep copy of the model in the middle of each epoch, also of weighted ones."""

    priority = 95

    def __init__(self) -> None:
        self.changes = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if batch_idx == 3:
            model = copy.deepcopy(runner.model)
            wrapper = type(runner.optim_wrapper)(SGD(model.parameters(), lr=1.0))
            model.train_step(data_batch, wrapper)
            self.changes.append((model.linear.weight - runner.model.linear.weight).abs().max())


def test_training_a_copy_of_the_model_does_not_change_the_run(tmp_path):
    plain_runner, plain, plain_hook = train(tmp_path / 'plain')
    runner = build_runner(tmp_path / 'copies')
    recorder, copies = Recorder(), TrainACopy()
    runner.register_hook(recorder)
    runner.register_hook(copies)
    runner.train()
    assert len(copies.changes) == 6
    assert min(copies.changes) > 1e-3
    assert (recorder.batches, recorder.losses) == (plain.batches, plain.losses)
    assert torch.equal(runner.model.linear.weight, plain_runner.model.linear.weight)
    hook = find_hook(runner)
    assert torch.equal(hook.sampler.scorer.scores, plain_hook.sampler.scorer.scores)
    assert hook.savings.unscored_batches == 0
