"""Whether a model returns the loss of each sample."""

import random

import numpy as np
import pytest
import torch
from torch import nn
from toy import ToyModel, assert_same_scores, replay, train

from bls_mm.hooks.probe import find_sample_losses

INPUTS = [torch.tensor([i, 1.0]) for i in range(4)]


def probe(model, inputs=INPUTS):
    kwargs = dict(inputs=inputs, data_samples=list(range(len(inputs))), mode='loss')
    return find_sample_losses(model, model.forward, (), kwargs, len(inputs))


class Levels(ToyModel):
    """Returns one loss for each of four levels, as some detection heads do."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        output = self.linear(torch.stack(list(inputs))).mean()
        return dict(loss=torch.stack([output * level for level in range(4)]))


@pytest.mark.parametrize('num', [1, 4])
def test_unreduced_losses_are_sample_losses(num):
    assert probe(ToyModel(per_sample=True), INPUTS[:num])
    assert probe(ToyModel(per_sample=True), torch.stack(INPUTS[:num]))


@pytest.mark.parametrize('num', [1, 4])
def test_scalar_losses_are_not_sample_losses(num):
    assert not probe(ToyModel(), INPUTS[:num])


def test_vector_over_levels_is_not_mistaken_for_sample_losses():
    assert not probe(Levels())


def test_each_loss_is_judged_for_itself():
    class Mixed(ToyModel):
        def forward(self, inputs, data_samples=None, mode='tensor'):
            losses = super().forward(inputs, data_samples, mode)
            return dict(losses, loss_total=losses['loss_square'].sum())

    assert probe(Mixed(per_sample=True)) == {'loss_square', 'loss_distance'}


def test_tensors_in_nested_inputs_are_repeated():
    class Nested(ToyModel):
        def forward(self, inputs, mode='tensor'):
            views, texts = inputs['views'], inputs['texts']
            assert len(views[0]) == len(views[1]) == len(texts) == 5
            return dict(loss=views[0].mean(1) * views[1].mean(1))

    model = Nested()
    inputs = dict(views=[torch.ones(4, 3), torch.ones(4, 3)], texts=tuple('abcd'), scale=2)
    assert find_sample_losses(model, model.forward, (inputs, 'loss'), {}, 4) == {'loss'}


def test_model_that_fails_on_the_probe_has_no_sample_losses():
    class FixedSize(ToyModel):
        def forward(self, inputs, data_samples=None, mode='tensor'):
            assert len(inputs) == 4
            return super().forward(inputs, data_samples, mode)

    assert not probe(FixedSize(per_sample=True))


class Stateful(ToyModel):
    """Changes buffers and draws random numbers in each forward pass."""

    def __init__(self):
        super().__init__(per_sample=True)
        self.norm = nn.BatchNorm1d(2)
        self.frozen = nn.Dropout().eval()
        self.register_buffer('calls', torch.tensor(0))
        self.register_buffer('latest', torch.tensor(0.0))
        self.teacher = nn.Linear(2, 3).requires_grad_(False)
        self.warm_up = 0

    def forward(self, inputs, data_samples=None, mode='tensor'):
        self.calls += 1
        self.latest = torch.tensor(random.random())
        self.teacher.weight.data.lerp_(self.linear.weight.data, 0.1)
        self.warm_up += 1
        noise = torch.rand(1) + random.random() + np.random.rand()
        inputs = self.frozen(self.norm(torch.stack(list(inputs)))) + 0.01 * noise
        with torch.no_grad():
            inputs = inputs + self.teacher(inputs).mean(1, keepdim=True)
        losses = super().forward(inputs, data_samples, mode)
        return {name: loss * self.warm_up for name, loss in losses.items()}


def test_model_and_random_generators_are_as_before():
    model = Stateful()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(3)
    expected = random.random(), np.random.rand(), torch.rand(1).item()
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(3)
    assert probe(model)
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == expected
    assert model.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.norm.training
    assert not model.frozen.training
    assert model.warm_up == 0


def test_inputs_are_as_before():
    class InPlace(ToyModel):
        def forward(self, inputs, data_samples=None, mode='tensor'):
            for value in (*inputs, *data_samples):
                value += 1
            return super().forward(inputs, data_samples, mode)

    inputs, data_samples = ([torch.tensor([i, 1.0]) for i in range(4)] for _ in range(2))
    kwargs = dict(inputs=inputs, data_samples=data_samples, mode='loss')
    model = InPlace(per_sample=True)
    assert find_sample_losses(model, model.forward, (), kwargs, 4)
    assert torch.equal(torch.stack(inputs), torch.stack(INPUTS))
    assert torch.equal(torch.stack(data_samples), torch.stack(INPUTS))


@pytest.mark.parametrize('kind', [ToyModel, Levels])
def test_auto_does_not_use_vectors_over_something_else(tmp_path, kind):
    _, recorder, hook = train(tmp_path, model=kind(), sampler=dict(scorer='auto'))
    scorer = hook.sampler.scorer
    assert scorer.needs_sample_losses is False
    assert_same_scores(scorer, replay(recorder, type(scorer)(42)))


def test_auto_does_not_change_training(tmp_path):
    options = dict(pruner=dict(type='NoPruning'), max_epochs=2)
    _, plain, _ = train(tmp_path / 'plain', model=Stateful(), **options)
    options['sampler'] = dict(scorer='auto')
    _, record, hook = train(tmp_path / 'auto', model=Stateful(), **options)
    assert hook.sampler.scorer.needs_sample_losses is True
    assert record.losses == plain.losses
