"""LossTap reads the minimised loss, and scales gradients: exactly, with AMP and accumulation."""

import pytest
import torch
from tapped_model import INPUTS, OwnStep, build, gradient_of, listen, yielded_batch
from torch import nn
from toy import ToyModel

from bls_mm.hooks.loss_tap import (
    NO_LOSS,
    NO_STEP,
    OWN_SUM,
    SEVERAL_LOSSES,
    UNKNOWN_BATCH,
    LossTap,
)


def train_steps(weights, amp=False, accumulative_counts=1, per_sample=False):
    """Trains one step for each vector of weights; returns the gradient and the logged losses."""
    model, wrapper, loader = build(amp, accumulative_counts, per_sample)
    tap, warnings = listen(model, loader, per_sample)
    logs = []
    for weight in weights:
        log = model.train_step(yielded_batch(loader, weight), wrapper)
        logs.append({name: value.item() for name, value in log.items()})
        ((tracked, loss),) = tap.take()
        assert tracked.samples.tolist() == [0, 1, 2, 3]
        tolerance = 1e-2 if amp else 1e-6
        assert torch.as_tensor(loss).mean().item() == pytest.approx(logs[-1]['loss'], rel=tolerance)
    assert warnings == []
    return gradient_of(model), logs


class TestWeights:
    @pytest.mark.parametrize('amp', [False, True], ids=['fp32', 'bf16'])
    @pytest.mark.parametrize('accumulative_counts', [1, 2])
    def test_gradient_is_mean_weight_times_plain_gradient(self, amp, accumulative_counts):
        times = accumulative_counts
        plain, plain_logs = train_steps([None] * times, amp, accumulative_counts)
        weighted, logs = train_steps([[1.0, 1.0, 2.0, 4.0]] * times, amp, accumulative_counts)
        assert plain.abs().max() > 0.1
        # 2.0 is a power of two, so even bfloat16 gradients are exactly doubled.
        assert torch.equal(weighted, 2.0 * plain)
        assert logs == plain_logs

    def test_batches_of_one_accumulation_keep_their_own_weights(self):
        plain, _ = train_steps([None], accumulative_counts=2)
        both, _ = train_steps([[1.0] * 4, [3.0] * 4], accumulative_counts=2)
        torch.testing.assert_close(both, 4 * plain)

    def test_unreduced_losses_get_the_weight_of_each_sample(self):
        weights = torch.tensor([1.0, 1.0, 2.0, 4.0])
        weighted, _ = train_steps([weights.tolist()], per_sample=True)
        model, _, _ = build(per_sample=True)
        losses = model(INPUTS, mode='loss')
        (weights * (losses['loss_square'] + losses['loss_distance'][0])).mean().backward()
        torch.testing.assert_close(weighted, gradient_of(model))

    @pytest.mark.parametrize('per_sample', [None, False])
    def test_vector_over_levels_gets_the_weight_of_the_batch(self, per_sample):
        class Levels(ToyModel):
            """Has as many levels as the batch has samples."""

            def forward(self, inputs, data_samples=None, mode='tensor'):
                loss = self.linear(torch.stack(list(inputs))).pow(2).mean()
                return dict(loss=[loss * torch.arange(1.0, 5)])

        weighted, plain = Levels(), Levels()
        step(weighted, [1.0, 1.0, 2.0, 4.0], per_sample)
        step(plain, None, per_sample)
        assert torch.equal(gradient_of(weighted), 2 * gradient_of(plain))

    @pytest.mark.parametrize('per_sample', [None, False, True])
    def test_sample_losses_get_the_weight_of_each_sample_whatever_is_scored(self, per_sample):
        weighted, each = ToyModel(per_sample=True), ToyModel(per_sample=True)
        weights = torch.tensor([1.0, 1.0, 2.0, 4.0])
        step(weighted, weights.tolist(), per_sample)
        each.init_weights()
        losses = each(INPUTS, mode='loss')
        (weights * (losses['loss_square'] + losses['loss_distance'][0])).mean().backward()
        torch.testing.assert_close(gradient_of(weighted), gradient_of(each))

    def test_loss_that_is_not_scored_is_judged_for_itself(self):
        class Both(ToyModel):
            def forward(self, inputs, data_samples=None, mode='tensor'):
                losses = super().forward(inputs, data_samples, mode)
                return dict(losses, loss_levels=losses['loss_square'].mean() * torch.ones(4))

        weights = torch.tensor([1.0, 1.0, 2.0, 4.0])
        model, wrapper, loader = build(model=Both(per_sample=True))
        LossTap(model, loader, True, components=dict(loss_square=1.0))
        model.train_step(yielded_batch(loader, weights.tolist()), wrapper)
        each = ToyModel(per_sample=True)
        each.init_weights()
        losses = each(INPUTS, mode='loss')
        per_sample = (weights * (losses['loss_square'] + losses['loss_distance'][0])).mean()
        (per_sample + 2 * losses['loss_square'].mean()).backward()
        torch.testing.assert_close(gradient_of(model), gradient_of(each))

    def test_weights_apply_to_one_step_only(self):
        model, wrapper, loader = build()
        tap, warnings = listen(model, loader, per_sample=False)
        data = yielded_batch(loader, [2.0] * 4)
        model.train_step(data, wrapper)
        doubled = gradient_of(model)
        tap.take()
        model.zero_grad()
        model.train_step(data, wrapper)
        torch.testing.assert_close(doubled, 2 * gradient_of(model))
        assert tap.take() == [(None, None)]
        assert warnings == [UNKNOWN_BATCH]


def call_by_position(model, inputs):
    return model(inputs, None, 'loss')


def call_forward_itself(model, inputs):
    return model.forward(inputs, mode='loss')


def call_without_gradient(model, inputs):
    with torch.no_grad():
        return model([10 * vector for vector in inputs], mode='loss')


def call_in_evaluation(model, inputs):
    model.eval()
    losses = model([10 * vector for vector in inputs], mode='loss')
    model.train()
    return losses


def predict(model, inputs):
    return model(inputs, mode='predict')


def step(model, weights=None, per_sample=False):
    """Trains one step of a model; returns the warnings, the loss read and the minimised loss."""
    model, wrapper, loader = build(model=model)
    tap, warnings = listen(model, loader, per_sample)
    log = model.train_step(yielded_batch(loader, weights), wrapper)
    ((_, loss),) = tap.take()
    return warnings, loss, log['loss'].item()


class TestCalls:
    @pytest.mark.parametrize('call', [call_by_position, call_forward_itself])
    def test_every_way_to_call_the_model_is_read(self, call):
        warnings, loss, minimised = step(OwnStep(call))
        assert loss == pytest.approx(minimised)
        assert warnings == []

    @pytest.mark.parametrize('call', [call_by_position, call_forward_itself])
    def test_every_way_to_call_the_model_is_weighted(self, call):
        weighted, plain = OwnStep(call), OwnStep(call)
        step(weighted, [2.0] * 4)
        step(plain)
        assert torch.equal(gradient_of(weighted), 2 * gradient_of(plain))

    @pytest.mark.parametrize('other', [call_without_gradient, call_in_evaluation, predict])
    def test_calls_that_are_not_minimised_are_not_read(self, other):
        warnings, loss, minimised = step(OwnStep(other, call_by_position))
        assert loss == pytest.approx(minimised)
        assert warnings == []

    @pytest.mark.parametrize('per_sample', [False, True])
    def test_losses_of_several_calls_are_summed(self, per_sample):
        model = OwnStep(call_by_position, call_by_position, per_sample=per_sample)
        warnings, loss, minimised = step(model, per_sample=per_sample)
        assert torch.as_tensor(loss).mean().item() == pytest.approx(2 * minimised)
        assert torch.as_tensor(loss).shape == ((4,) if per_sample else ())
        assert warnings == [SEVERAL_LOSSES]

    def test_step_without_a_loss_is_noticed(self):
        class Skips(ToyModel):
            def train_step(self, data, optim_wrapper):
                return dict(loss=torch.tensor(0.0))

        warnings, loss, _ = step(Skips())
        assert loss is None
        assert warnings == [NO_LOSS]

    def test_model_that_runs_between_steps_is_not_read(self):
        model, wrapper, loader = build()
        tap, _ = listen(model, loader, per_sample=False)
        data = yielded_batch(loader, [2.0] * 4)
        model([10 * vector for vector in INPUTS], mode='loss')  # as MMEngine's PreciseBN does
        log = model.train_step(data, wrapper)
        model(INPUTS, mode='loss')
        ((_, loss),) = tap.take()
        assert loss == pytest.approx(log['loss'].item())

    def test_iteration_without_a_step_counts_as_an_unknown_batch(self):
        model, _, loader = build()
        tap, warnings = listen(model, loader)
        yielded_batch(loader)
        assert tap.take() == [(None, None)]
        assert warnings == [NO_STEP]

    def test_batch_may_be_a_keyword(self):
        model, wrapper, loader = build()
        tap, _ = listen(model, loader)
        model.train_step(data=yielded_batch(loader), optim_wrapper=wrapper)
        assert tap.take()[0][1] > 0

    def test_each_warning_is_given_once(self):
        model, wrapper, loader = build()
        tap, warnings = listen(model, loader)
        for _ in range(3):
            model.train_step(dict(inputs=INPUTS), wrapper)
        assert len(tap.take()) == 3
        model.train_step(dict(inputs=INPUTS), wrapper)
        assert warnings == [UNKNOWN_BATCH]

    def test_first_batch_decides_whether_losses_are_per_sample(self):
        for per_sample in (False, True):
            model, wrapper, loader = build(per_sample=per_sample)
            tap, _ = listen(model, loader)
            model.train_step(yielded_batch(loader), wrapper)
            assert tap.reader.per_sample is per_sample


class OwnSum(ToyModel):
    def parse_losses(self, losses):
        return super().parse_losses({**losses, 'loss_square': 3 * losses['loss_square']})


class Outer(nn.Module):
    """Passes on what it does not have to the model inside, as MMPretrain's LoRAModel does."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, *args, **kwargs):
        return self.module(*args, **kwargs)

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__('module'), name)


class TestModels:
    def test_own_sum_of_losses_is_a_warning_unless_components_have_weights(self):
        model, _, loader = build(model=OwnSum())
        assert listen(model, loader)[1] == [OWN_SUM]
        warnings = []
        LossTap(model, loader, components=dict(loss_square=3.0), warn=warnings.append)
        assert warnings == []

    def test_model_that_is_trained_in_evaluation_mode_is_read(self):
        model, wrapper, loader = build()
        tap, warnings = listen(model.eval(), loader)
        log = model.train_step(yielded_batch(loader, [2.0] * 4), wrapper)
        ((_, loss),) = tap.take()
        assert loss == pytest.approx(log['loss'].item()) and warnings == []

    def test_model_inside_another_one_is_read(self):
        model, wrapper, loader = build()
        outer = Outer(model)
        tap, warnings = listen(outer, loader)
        log = outer.train_step(yielded_batch(loader), wrapper)
        ((_, loss),) = tap.take()
        assert loss == pytest.approx(log['loss'].item()) and warnings == []
        tap.remove()
        assert 'forward' not in vars(model) and 'train_step' not in vars(outer)
