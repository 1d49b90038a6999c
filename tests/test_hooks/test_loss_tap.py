"""The weight of a batch acts on its gradient: exactly, under AMP and accumulation, and once."""

import weakref

import numpy as np
import pytest
import torch
from torch.optim import SGD
from toy import CpuAmpOptimWrapper, ToyModel

from bls_mm.hooks.loss_tap import LossTap
from bls_mm.samplers import Batch

DATA = dict(inputs=list(torch.randn(4, 2, generator=torch.Generator().manual_seed(0))))


def build(amp=False, accumulative_counts=1, per_sample=False):
    model = ToyModel(per_sample)
    model.init_weights()
    from mmengine.optim import OptimWrapper

    wrapper_type = CpuAmpOptimWrapper if amp else OptimWrapper
    wrapper = wrapper_type(SGD(model.parameters(), lr=0.1), accumulative_counts=accumulative_counts)
    wrapper.step = wrapper.zero_grad = lambda: None  # so that the gradients can be looked at
    return model, wrapper


def weighed_batch(weights=None):
    """Four samples, with these weights."""
    if weights is None:
        return Batch(np.arange(4))
    return Batch(np.arange(4), np.array(weights, dtype=np.float32), np.mean(weights))


def gradients(weights, amp=False, accumulative_counts=1, per_sample=False):
    """Gradients after one pass for each vector of weights, and the logged losses."""
    model, wrapper = build(amp, accumulative_counts, per_sample)
    tap = LossTap(model, per_sample)
    logs = []
    for weight in weights:
        tap.batch = weighed_batch(weight)
        logs.append({k: v.item() for k, v in model.train_step(DATA, wrapper).items()})
        assert torch.as_tensor(tap.read()).mean().item() == pytest.approx(
            logs[-1]['loss'], rel=1e-2 if amp else 1e-6
        )
    return torch.cat([p.grad.flatten() for p in model.parameters()]), logs


@pytest.mark.parametrize('amp', [False, True], ids=['fp32', 'bf16'])
@pytest.mark.parametrize('accumulative_counts', [1, 2])
def test_gradient_is_the_mean_weight_times_the_plain_gradient(amp, accumulative_counts):
    times = accumulative_counts
    plain, plain_logs = gradients([None] * times, amp, accumulative_counts)
    weighed, logs = gradients([[1.0, 1.0, 2.0, 4.0]] * times, amp, accumulative_counts)
    assert plain.abs().max() > 0.1
    # 2.0 is a power of two, so that even bfloat16 gradients are exactly doubled
    assert torch.equal(weighed, 2.0 * plain)
    assert logs == plain_logs


def test_batches_of_one_accumulation_keep_their_own_weights():
    plain, _ = gradients([None], accumulative_counts=2)
    both, _ = gradients([[1.0] * 4, [3.0] * 4], accumulative_counts=2)
    torch.testing.assert_close(both, 4 * plain)


def test_unreduced_losses_get_the_weight_of_each_sample():
    weights = torch.tensor([1.0, 1.0, 2.0, 4.0])
    weighed, _ = gradients([weights.tolist()], per_sample=True)
    model, _ = build(per_sample=True)
    losses = model(**DATA, mode='loss')
    (weights * (losses['loss_square'] + losses['loss_distance'][0])).mean().backward()
    torch.testing.assert_close(weighed, torch.cat([p.grad.flatten() for p in model.parameters()]))


def test_weights_serve_one_batch_only():
    model, wrapper = build()
    tap = LossTap(model, per_sample=False)
    tap.batch = weighed_batch([2.0] * 4)
    model.train_step(DATA, wrapper)
    tap.read()
    assert tap.batch is None


def test_evaluation_is_not_listened_to():
    model, _ = build()
    tap = LossTap(model, per_sample=False)
    tap.batch = weighed_batch()
    model.eval()
    model(**DATA, mode='loss')
    model(**DATA, mode='predict')
    with pytest.raises(RuntimeError, match="forward was not called with mode='loss'"):
        tap.read()


def test_a_model_that_runs_between_iterations_is_not_listened_to():
    model, _ = build()
    tap = LossTap(model, per_sample=False)
    model(**DATA, mode='loss')  # as MMEngine's PreciseBN would
    tap.batch = weighed_batch()
    with pytest.raises(RuntimeError, match="forward was not called with mode='loss'"):
        tap.read()


def test_graph_of_the_iteration_is_not_held_on_to():
    model, _ = build()
    tap = LossTap(model, per_sample=False)
    tap.batch = weighed_batch()
    losses = model(**DATA, mode='loss')
    graph = weakref.ref(losses['loss_square'])
    del losses
    assert graph() is None


def test_removed_tap_leaves_no_trace():
    model, wrapper = build()
    plain = {k: v.item() for k, v in model.train_step(DATA, wrapper).items()}
    tap = LossTap(model, per_sample=False)
    tap.batch = weighed_batch([2.0] * 4)
    tap.remove()
    assert not model._forward_hooks
    model, wrapper = build()
    assert {k: v.item() for k, v in model.train_step(DATA, wrapper).items()} == plain
