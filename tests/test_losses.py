from itertools import product

import numpy as np
import pytest
import torch
from mmengine.model import BaseModel

from bls_mm.losses import (
    batch_loss,
    sample_losses,
    stretch_weight,
    weigh_gradients,
)

LOSSES = dict(
    loss_cls=torch.tensor([1.0, 3.0]),  # a vector counts as its mean
    loss_bbox=[torch.tensor(0.5), torch.tensor([[1.0, 2.0]])],  # a list as its sum
    aux_loss=torch.tensor(0.25),
    acc=torch.tensor(99.0),
)


class Model(BaseModel):
    def forward(self, inputs, mode):
        return None


def test_batch_loss_is_what_mmengine_minimises():
    minimised, _ = Model().parse_losses(LOSSES)
    assert batch_loss(LOSSES) == minimised == 2 + 0.5 + 1.5 + 0.25


def test_a_component_named_loss_is_not_taken_for_the_total():
    losses = dict(loss=torch.tensor(2.0), loss_aux=torch.tensor(5.0))
    assert batch_loss(losses) == Model().parse_losses(losses)[0] == 7


def test_components_choose_and_weigh():
    assert batch_loss(LOSSES, dict(loss_cls=1.0, loss_bbox=0.5)) == 2 + 0.5 * 2
    assert batch_loss(LOSSES, dict(acc=1.0)) == 99  # anything the model returns, if named


def test_unknown_component_is_one_sentence():
    with pytest.raises(
        KeyError, match="components names 'loss_mask', but the model returns loss_cls"
    ):
        batch_loss(LOSSES, dict(loss_mask=1.0))


def test_a_loss_that_is_no_tensor_is_one_sentence():
    with pytest.raises(TypeError, match="the loss 'loss_aux' is of float; a model must return"):
        batch_loss(dict(loss_aux=0.5))


def test_no_loss_at_all_is_one_sentence():
    with pytest.raises(ValueError, match="returned acc: no name contains 'loss'"):
        batch_loss(dict(acc=torch.tensor(1.0)))


def test_sample_losses_add_up_the_components():
    losses = dict(loss_a=torch.tensor([1.0, 2.0]), loss_b=[torch.tensor([0.5, 0.25])])
    assert sample_losses(losses, 2).tolist() == [1.5, 2.25]
    assert sample_losses(dict(loss=torch.tensor(3.0)), 1).tolist() == [3]


def test_sample_losses_refuse_a_reduced_component():
    with pytest.raises(ValueError, match=r"'loss_b' has shape \(\), but .* needs \(2,\)"):
        sample_losses(dict(loss_a=torch.ones(2), loss_b=torch.tensor(1.0)), 2)


def gradient(weights):
    """Gradient of x for a vector loss and a scalar loss of x, weighed or not."""
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    losses = dict(loss_each=x**2, loss_all=[(3 * x).sum()], acc=x.sum())
    if weights is not None:
        losses = weigh_gradients(losses, np.array(weights, dtype=np.float32), np.mean(weights))
    total, log = Model().parse_losses(losses)
    total.backward()
    return x.grad, {name: value.item() for name, value in log.items()}


def test_weights_act_on_the_gradient_and_on_nothing_else():
    plain, log = gradient(None)
    same, log_of_ones = gradient([1.0, 1.0])
    assert torch.equal(plain, same)
    weighed, log_of_weighed = gradient([1.0, 2.0])
    # each of x**2 by its own weight (mean over 2: x), the sum by the mean weight 1.5
    assert weighed.tolist() == [1 * 1 + 1.5 * 3, 2 * 2 + 1.5 * 3]
    assert log == log_of_ones == log_of_weighed


def test_a_tensor_used_twice_is_weighed_once_each():
    x = torch.tensor(1.0, requires_grad=True)
    part = 2 * x
    losses = weigh_gradients(dict(loss_part=part, loss_total=part + x), np.full(2, 3.0), 3.0)
    sum(losses.values()).backward()
    assert x.grad == 3 * (2 + 3)


def test_half_precision_gradients_stay_in_their_dtype():
    x = torch.tensor([1.0, 2.0], dtype=torch.bfloat16, requires_grad=True)
    weigh_gradients(dict(loss=x * 1), np.array([1.0, 2.0]), 1.5)['loss'].sum().backward()
    assert x.grad.tolist() == [1, 2]
    assert x.grad.dtype == torch.bfloat16


@pytest.mark.parametrize('size', [1, 2, 3, 5])
def test_a_stretched_batch_weight_leaves_the_expected_gradient_right(size):
    # A linear model, of which all batches of a size are gone through: loss_i = slope_i * theta.
    slopes, weights = np.array([3.0, -1.0, 5.0, 8.0]), np.array([2.0, 2.0, 1.0, 1.0])
    wanted = (weights * slopes).mean()
    batches = [list(batch) for batch in product(range(4), repeat=size)]

    def expected_gradient(stretch):
        gradients = []
        for batch in batches:
            theta = torch.ones((), dtype=torch.float64, requires_grad=True)
            losses = dict(loss=(torch.from_numpy(slopes[batch]) * theta).mean())
            weight = stretch(weights[batch].mean())
            weigh_gradients(losses, weights[batch], weight)['loss'].backward()
            gradients.append(theta.grad.item())
        return np.mean(gradients)

    unweighted = weights.mean() * slopes.mean()
    stretched = expected_gradient(lambda mean: stretch_weight(mean, size, weights.mean()))
    assert np.isclose(stretched, wanted)
    # With the mean only 1 / B is left of what the weights are for.
    of_means = expected_gradient(lambda mean: mean)
    assert np.isclose(of_means - unweighted, (wanted - unweighted) / size)


def test_a_batch_of_the_mean_weight_keeps_it():
    assert stretch_weight(1.5, 7, 1.5) == 1.5
    assert stretch_weight(1.75, 1, 1.5) == 1.75
