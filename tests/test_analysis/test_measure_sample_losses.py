import random

import numpy as np
import torch
from torch import nn
from toy import ToyData, ToyModel

from bls_mm.analysis import measure_sample_losses


class Normalised(ToyModel):
    """Has no loss outside training mode, like MMOCR's decoders, and layers that depend on it."""

    def __init__(self):
        super().__init__()
        self.norm, self.dropout = nn.BatchNorm1d(2), nn.Dropout(0.5)
        self.batch_sizes = []

    def forward(self, inputs, data_samples=None, mode='tensor'):
        assert self.training
        self.batch_sizes.append(len(inputs))
        inputs = self.dropout(self.norm(torch.stack(list(inputs))))
        return super().forward(list(inputs), data_samples, mode)


def test_measured_losses_equal_unreduced_losses():
    model = ToyModel(per_sample=True)
    data = ToyData(10)
    losses = model([data[i]['inputs'] for i in range(10)], mode='loss')
    expected = losses['loss_square'] + losses['loss_distance'][0]
    reduced = ToyModel()
    reduced.load_state_dict(model.state_dict())
    measured = measure_sample_losses(reduced, data)
    torch.testing.assert_close(torch.from_numpy(measured), expected.detach())
    np.testing.assert_array_equal(measure_sample_losses(reduced, data, [7, 3]), measured[[7, 3]])


def test_components_select_losses():
    model, data = ToyModel(), ToyData(4)
    both = measure_sample_losses(model, data)
    square = measure_sample_losses(model, data, components=dict(loss_square=1.0))
    distance = measure_sample_losses(model, data, components=dict(loss_distance=1.0))
    np.testing.assert_allclose(both, square + distance, rtol=1e-6)


def test_restores_model_and_random_states():
    model, data = Normalised(), ToyData(6)
    model.train()
    model.norm.eval()  # frozen, as in detectors
    modes = [module.training for module in model.modules()]
    buffers = [buffer.clone() for buffer in model.buffers()]
    torch.manual_seed(3), np.random.seed(3), random.seed(3)
    first = measure_sample_losses(model, data)
    drawn = torch.rand(1).item(), np.random.rand(), random.random()
    torch.manual_seed(3), np.random.seed(3), random.seed(3)
    assert drawn == (torch.rand(1).item(), np.random.rand(), random.random())
    assert modes == [module.training for module in model.modules()]
    assert all(torch.equal(*pair) for pair in zip(buffers, model.buffers()))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model.batch_sizes == [1] * 6
    np.testing.assert_array_equal(first, measure_sample_losses(model, data))
