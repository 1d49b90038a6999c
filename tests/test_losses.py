import numpy as np
import pytest
import torch
from mmengine.model import BaseModel

from bls_mm.losses import (
    are_per_sample,
    batch_loss,
    names_per_sample,
    sample_losses,
    scale_gradients,
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


def test_batch_loss_equals_the_loss_that_mmengine_minimises():
    minimised, _ = Model().parse_losses(LOSSES)
    assert batch_loss(LOSSES) == minimised == 2 + 0.5 + 1.5 + 0.25


def test_component_named_loss_is_one_component_and_not_the_total():
    losses = dict(loss=torch.tensor(2.0), loss_aux=torch.tensor(5.0))
    assert batch_loss(losses) == Model().parse_losses(losses)[0] == 7


def test_components_select_losses_and_weight_them():
    assert batch_loss(LOSSES, dict(loss_cls=1.0, loss_bbox=0.5)) == 2 + 0.5 * 2
    assert batch_loss(LOSSES, dict(acc=1.0)) == 99  # a named component may be any entry


def test_unknown_component_is_refused():
    with pytest.raises(
        KeyError, match="components names 'loss_mask', but the model returns loss_cls"
    ):
        batch_loss(LOSSES, dict(loss_mask=1.0))


def test_loss_that_is_not_a_tensor_is_refused():
    with pytest.raises(TypeError, match="the loss 'loss_aux' is of float; a model must return"):
        batch_loss(dict(loss_aux=0.5))


def test_output_without_a_loss_is_refused():
    with pytest.raises(ValueError, match="returned acc: no name contains 'loss'"):
        batch_loss(dict(acc=torch.tensor(1.0)))


def test_sample_losses_sum_the_components():
    losses = dict(loss_a=torch.tensor([1.0, 2.0]), loss_b=[torch.tensor([0.5, 0.25])])
    assert sample_losses(losses, 2).tolist() == [1.5, 2.25]
    assert sample_losses(dict(loss=torch.tensor(3.0)), 1).tolist() == [3]


def test_sample_losses_refuse_a_reduced_component():
    with pytest.raises(ValueError, match=r"'loss_b' has shape \(\), but .* needs \(2,\)"):
        sample_losses(dict(loss_a=torch.ones(2), loss_b=torch.tensor(1.0)), 2)


def test_are_per_sample_needs_every_component_unreduced():
    vector, scalar = torch.ones(2), torch.tensor(1.0)
    assert are_per_sample(dict(loss_a=vector, loss_b=[vector]), 2)
    assert not are_per_sample(dict(loss_a=vector, loss_b=scalar), 2)
    assert are_per_sample(dict(loss_a=vector, loss_b=scalar), 2, dict(loss_a=1.0))
    assert are_per_sample(dict(loss=scalar), 1)
    assert not are_per_sample(dict(acc=vector), 2)


def test_list_and_entries_without_gradient_keep_their_form():
    x = torch.tensor(2.0, requires_grad=True)
    constant, acc = torch.tensor(1.0), x * 1
    losses = scale_gradients(dict(loss=[x * 1, constant], acc=acc), np.full(2, 3.0), 3.0, {'loss'})
    assert losses['loss'][0] == 2
    assert losses['loss'][1] is constant
    assert losses['acc'] is acc


NAMES = {'loss_each', 'loss_all'}


def gradient(weights):
    """Returns the gradient of x for a vector loss plus a scalar loss of x, and the log."""
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    losses = dict(loss_each=x**2, loss_all=[(3 * x).sum()], acc=x.sum())
    if weights is not None:
        losses = scale_gradients(
            losses, np.array(weights, dtype=np.float32), np.mean(weights), NAMES
        )
    total, log = Model().parse_losses(losses)
    total.backward()
    return x.grad, {name: value.item() for name, value in log.items()}


def test_weights_scale_the_gradient_and_leave_the_logged_values():
    plain, log = gradient(None)
    same, log_of_ones = gradient([1.0, 1.0])
    assert torch.equal(plain, same)
    weighed, log_of_weighed = gradient([1.0, 2.0])
    # Each x**2 has its own weight (and gradient x, after the mean over 2), the sum weight 1.5.
    assert weighed.tolist() == [1 * 1 + 1.5 * 3, 2 * 2 + 1.5 * 3]
    assert log == log_of_ones == log_of_weighed


def test_vector_that_is_not_known_to_be_per_sample_gets_the_weight_of_the_batch():
    x = torch.ones(2, requires_grad=True)
    losses = dict(loss_each=1 * x, loss_levels=[10 * x])
    losses = scale_gradients(losses, np.array([1.0, 2.0]), 1.5, {'loss_each'})
    (losses['loss_each'] + losses['loss_levels'][0]).sum().backward()
    assert x.grad.tolist() == [1 + 15, 2 + 15]


def test_names_per_sample_needs_all_tensors_of_an_entry():
    vector, scalar = torch.ones(2), torch.tensor(1.0)
    losses = dict(a=vector, b=[vector, vector], c=[vector, scalar], d=scalar, e='text', f=[])
    assert names_per_sample(losses, 2) == {'a', 'b'}


def test_tensor_in_two_components_is_scaled_once_in_each():
    x = torch.tensor(1.0, requires_grad=True)
    part = 2 * x
    losses = scale_gradients(dict(loss_part=part, loss_total=part + x), np.full(2, 3.0), 3.0, ())
    sum(losses.values()).backward()
    assert x.grad == 3 * (2 + 3)


def test_half_precision_gradients_keep_their_dtype():
    x = torch.tensor([1.0, 2.0], dtype=torch.bfloat16, requires_grad=True)
    losses = scale_gradients(dict(loss=x * 1), np.array([1.0, 2.0]), 1.5, {'loss'})
    losses['loss'].sum().backward()
    assert x.grad.tolist() == [1, 2]
    assert x.grad.dtype == torch.bfloat16
