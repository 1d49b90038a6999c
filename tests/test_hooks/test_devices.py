"""The hook asks a device for nothing while an epoch runs.

Tensors on PyTorch's meta device have no values: to ask for one, by ``item``, ``cpu``, ``tolist``
or a comparison, is an error. They stand in for an accelerator, where to ask is to wait.
"""

import pytest
import torch
from toy import ToyModel, build_runner

from bls_mm.samplers import Batch, BLSSampler

NUM = 2100  # batches of one: more than are joined at a time


class ModelElsewhere(ToyModel):
    """A model whose losses have no values, as far as the CPU is concerned."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        losses = super().forward(inputs, data_samples, mode)
        square, distance = losses['loss_square'], losses['loss_distance'][0]
        return dict(loss_square=square.to('meta'), loss_distance=[distance.to('meta')])

    def train_step(self, data, optim_wrapper):
        self(**data, mode='loss')
        return {}  # MMEngine's own hooks ask for the value of every logged loss, in each iteration


@pytest.mark.parametrize('per_sample', [False, True])
def test_nothing_is_asked_of_the_device_before_the_epoch_ends(tmp_path, per_sample):
    scorer = dict(type='SampleLossScorer' if per_sample else 'BatchLossScorer')
    runner = build_runner(
        tmp_path,
        model=ModelElsewhere(per_sample),
        num=NUM,
        batch_size=1,
        sampler=dict(scorer=scorer),
    )
    with pytest.raises(NotImplementedError, match='meta tensor'):  # the losses are exchanged
        runner.train()
    assert runner.iter == NUM


def test_weights_reach_the_device_without_an_answer():
    model = ModelElsewhere(per_sample=True)
    sampler = BLSSampler(range(4), pruner=dict(type='InfoBatch'), seed=0)
    sampler.max_epochs = 9
    sampler.update(range(4), torch.tensor([1.0]).mean())
    sampler.scorer.scores.copy_(torch.arange(4.0))
    sampler.set_epoch(1)
    from bls_mm.hooks.loss_tap import LossTap

    tap = LossTap(model, per_sample=True)
    batch = sampler.selection.indices
    tap.batch = Batch(batch, sampler.weights_of(batch), 1.0)
    assert tap.batch.weights.max() == 2
    losses = model([torch.ones(2)] * len(batch), mode='loss')
    assert losses['loss_square'].device.type == 'meta'
    sampler.update(batch, tap.read())
    with pytest.raises(NotImplementedError, match='meta tensor'):
        sampler.exchange()
