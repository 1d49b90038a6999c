"""Models, optimizers and batches for tests of LossTap."""

import numpy as np
import torch
from mmengine.optim import OptimWrapper
from torch.optim import SGD
from toy import CpuAmpOptimWrapper, ToyData, ToyModel

from bls_mm import BLSSampler
from bls_mm.data import TrackedBatch, TrackedLoader
from bls_mm.hooks.loss_tap import LossTap

INPUTS = list(torch.randn(4, 2, generator=torch.Generator().manual_seed(0)))


def build(amp=False, accumulative_counts=1, per_sample=False, model=None):
    """A model, an optimizer wrapper that keeps the gradients, and a loader."""
    model = model or ToyModel(per_sample)
    model.init_weights()
    wrapper_type = CpuAmpOptimWrapper if amp else OptimWrapper
    wrapper = wrapper_type(SGD(model.parameters(), lr=0.1), accumulative_counts=accumulative_counts)
    wrapper.step = wrapper.zero_grad = lambda: None  # so that the gradients can be read
    data = ToyData(4)
    return model, wrapper, TrackedLoader(data, batch_size=4, sampler=BLSSampler(data))


def yielded_batch(loader, weights=None):
    """A batch of four samples with weights, as if the loader had just yielded it."""
    data = dict(inputs=INPUTS)
    if weights is None:
        loader.remember(data, TrackedBatch(np.arange(4)))
    else:
        weights = np.array(weights, dtype=np.float32)
        loader.remember(data, TrackedBatch(np.arange(4), weights, float(weights.mean())))
    return data


def listen(model, loader, per_sample=None):
    """A tap on a model, and the list of its warnings."""
    warnings = []
    return LossTap(model, loader, per_sample, warn=warnings.append), warnings


def gradient_of(model):
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


class OwnStep(ToyModel):
    """A model whose training step makes the given calls, and minimises the last result."""

    def __init__(self, *calls, per_sample=False):
        super().__init__(per_sample)
        self.calls = calls

    def train_step(self, data, optim_wrapper):
        for call in self.calls:
            losses = call(self, data['inputs'])
        loss, log = self.parse_losses(losses)
        optim_wrapper.update_params(loss)
        return log
