"""The model's own methods return after a run, an error, or a copy of the model."""

import copy
import pickle
import weakref

import pytest
import torch
from tapped_model import INPUTS, OwnStep, build, gradient_of, yielded_batch

from bls_mm.hooks.loss_tap import LossTap
from bls_mm.hooks.model_method import ReplacedMethod


def test_graph_of_the_iteration_is_released():
    model, wrapper, loader = build()
    graphs = []
    model.register_forward_hook(
        lambda module, args, losses: graphs.append(weakref.ref(losses['loss_square']))
    )
    tap = LossTap(model, loader, per_sample=False)
    model.train_step(yielded_batch(loader, [2.0] * 4), wrapper)
    assert [graph() for graph in graphs] == [None]
    tap.take()


def test_removed_tap_leaves_the_model_as_it_was():
    model, wrapper, loader = build()
    before = dict(vars(model))
    tap = LossTap(model, loader, per_sample=False)
    data = yielded_batch(loader, [2.0] * 4)
    assert vars(model).keys() > before.keys()
    tap.remove()
    assert vars(model).keys() == before.keys()
    model.train_step(data, wrapper)
    plain, wrapper, _ = build()
    plain.train_step(data, wrapper)
    assert torch.equal(gradient_of(model), gradient_of(plain))


@pytest.mark.parametrize('duplicate', [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copy_of_a_tapped_model_trains_itself_unheard(duplicate):
    model, wrapper, loader = build()
    tap = LossTap(model, loader, per_sample=False)
    other = duplicate(model)
    _, wrapper, _ = build(model=other)
    other.train_step(yielded_batch(loader, [2.0] * 4), wrapper)
    plain, wrapper, _ = build()
    plain.train_step(dict(inputs=INPUTS), wrapper)
    assert torch.equal(gradient_of(other), gradient_of(plain))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert tap.take() == [(None, None)]


def test_state_dict_of_a_tapped_model_is_the_models_own():
    model, _, loader = build()
    before = model.state_dict().keys()
    LossTap(model, loader)
    assert model.state_dict().keys() == before


@pytest.mark.parametrize('error', [RuntimeError, KeyboardInterrupt])
def test_error_within_a_step_ends_weighting(error):
    def fail(model, inputs):
        losses.append(model(inputs, mode='loss'))
        raise error

    losses = []
    model, wrapper, loader = build(model=OwnStep(fail))
    tap = LossTap(model, loader, per_sample=False)
    with pytest.raises(error):
        model.train_step(yielded_batch(loader, [2.0] * 4), wrapper)
    sum(model.parse_losses(losses[0])[:1]).backward()
    weighted = gradient_of(model)
    model.zero_grad()
    model.parse_losses(model(INPUTS, mode='loss'))[0].backward()
    assert torch.equal(weighted, 2 * gradient_of(model))
    assert tap.take() == [(None, None)]  # the step that failed has no loss


def test_new_tap_replaces_one_that_was_not_removed():
    model, wrapper, loader = build()
    LossTap(model, loader, per_sample=False)
    tap = LossTap(model, loader, per_sample=False)
    log = model.train_step(yielded_batch(loader, [2.0] * 4), wrapper)
    doubled = gradient_of(model)
    assert tap.take()[0][1] == pytest.approx(log['loss'].item())
    tap.remove()
    assert {'forward', 'train_step'}.isdisjoint(vars(model))
    model.zero_grad()
    model.train_step(dict(inputs=INPUTS), wrapper)
    assert torch.equal(doubled, 2 * gradient_of(model))


class Double:
    """A callable in the place of ``forward``, with an attribute that ReplacedMethod has, too."""

    name = property(lambda self: 'double')

    def __init__(self, model):
        self.model = None
        self.call = model.forward

    def __call__(self, *args, **kwargs):
        return self.call(*args, **kwargs)


def test_method_that_a_user_has_replaced_is_restored():
    model, _, _ = build()
    own = Double(model)
    model.forward = own
    calls = []

    def call(original, *args, **kwargs):
        calls.append(args)
        return original(*args, **kwargs)

    replaced = ReplacedMethod(model, 'forward', call)
    assert set(model(INPUTS, mode='loss')) == {'loss_square', 'loss_distance', 'acc'}
    assert calls == [(INPUTS,)]
    replaced.restore()
    assert model.forward is own


def test_restoring_an_old_replacement_keeps_a_newer_one():
    model, _, _ = build()
    old = ReplacedMethod(model, 'forward', lambda original, *args, **kwargs: 'old')
    new = ReplacedMethod(model, 'forward', lambda original, *args, **kwargs: 'new')
    old.restore()
    assert model(INPUTS) == 'new'
    new.restore()
    assert 'forward' not in vars(model)
