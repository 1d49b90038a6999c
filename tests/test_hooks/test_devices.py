"""BLSHook never waits for a device within an epoch.

Tensors on PyTorch's meta device have no values: ``item``, ``cpu``, ``tolist`` and comparisons raise
an error. They stand in for an accelerator, where each of these waits for the device.
"""

import numpy as np
import pytest
import torch
from toy import ToyData, ToyModel, build_runner

from bls_mm import BLSSampler
from bls_mm.data import TrackedBatch, TrackedLoader
from bls_mm.hooks.loss_tap import LossTap

NUM = 2100  # batches of one sample: more than are joined at a time


class MetaModel(ToyModel):
    """A model whose losses are on the meta device."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        losses = super().forward(inputs, data_samples, mode)
        square, distance = losses['loss_square'], losses['loss_distance'][0]
        return dict(loss_square=square.to('meta'), loss_distance=[distance.to('meta')])

    def train_step(self, data, optim_wrapper):
        self.losses = self(**data, mode='loss')
        return {}  # MMEngine's own hooks read the value of each logged loss in each iteration


@pytest.mark.parametrize('per_sample', [False, True])
def test_losses_are_not_read_before_the_epoch_ends(tmp_path, per_sample):
    scorer = dict(type='SampleLossScorer' if per_sample else 'BatchLossScorer')
    runner = build_runner(
        tmp_path,
        model=MetaModel(per_sample),
        num=NUM,
        batch_size=1,
        sampler=dict(scorer=scorer),
    )
    with pytest.raises(NotImplementedError, match='meta tensor'):  # at the sync
        runner.train()
    assert runner.iter == NUM


def test_weights_are_applied_without_reading_losses():
    model, data = MetaModel(per_sample=True), ToyData(4)
    sampler = BLSSampler(data, pruner=dict(type='InfoBatch'), seed=0, max_epochs=9)
    sampler.update(range(4), 1.0)
    sampler.sync()
    sampler.scorer.scores.copy_(torch.arange(4.0))
    sampler.set_epoch(1)
    samples = sampler.plan.indices
    weights = sampler.weights_of(samples)
    assert weights.max() == 2

    loader = TrackedLoader(data, batch_size=4, sampler=sampler)
    tap = LossTap(model, loader, per_sample=True)
    batch = dict(inputs=[torch.ones(2)] * len(samples))
    loader.remember(batch, TrackedBatch(np.asarray(samples), weights, 1.0))
    model.train_step(batch, None)
    assert model.losses['loss_square'].device.type == 'meta'
    ((tracked, loss),) = tap.take()
    sampler.update(tracked.samples, loss)
    with pytest.raises(NotImplementedError, match='meta tensor'):
        sampler.sync()
