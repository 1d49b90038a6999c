"""``scorer='auto'`` in runs in which the shape of the first loss misleads."""

import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch.utils.data import BatchSampler
from toy import ToyModel, assert_same_scores, replay, train

FIXED = dict(type='ResidualScorer')


class Levels(ToyModel):
    """Returns one loss for each level; has dropout, BatchNorm, a buffer and random inputs.

    Args:
        num_levels (int): Number of levels; 0 for the loss of each sample.
    """

    def __init__(self, num_levels):
        super().__init__()
        self.norm = nn.BatchNorm1d(2)
        self.num_levels = num_levels
        self.register_buffer('num_calls', torch.zeros(()))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        self.num_calls += 1
        hidden = torch.stack(list(inputs))
        # BatchNorm cannot train on one sample, but count it.
        hidden = self.norm(hidden) if len(hidden) > 1 else hidden
        noise = torch.rand(2) + np.random.rand() + random.random()
        output = self.linear(nn.functional.dropout(hidden + 0.1 * noise, training=self.training))
        loss = (output - 1).pow(2).mean(1)
        if self.num_levels:
            loss = loss.mean() * torch.arange(1.0, 1 + self.num_levels)
        return dict(loss=loss)


class OneFirst(BatchSampler):
    """Begins each epoch with a batch of one."""

    def __iter__(self):
        indices = list(self.sampler)
        yield indices[:1]
        yield from BatchSampler(indices[1:], self.batch_size, self.drop_last)

    def __len__(self):
        return 1 + len(BatchSampler(range(len(self.sampler) - 1), self.batch_size, self.drop_last))


LOADERS = {
    'as many levels as samples': (4, {}),
    'only full batches': (4, dict(drop_last=True)),
    'a batch of one first': (1, dict(batch_sampler=dict(type=OneFirst, drop_last=False))),
    'a batch of one first, true sample losses': (
        0,
        dict(batch_sampler=dict(type=OneFirst, drop_last=False)),
    ),
    'true sample losses': (0, {}),
}


@pytest.mark.parametrize('name', LOADERS)
def test_auto_scores_right_and_leaves_the_run_as_it_is(tmp_path, name):
    num_levels, loader = LOADERS[name]
    runs = {}
    for scorer in 'auto', dict(FIXED, per_sample=num_levels == 0):
        runs[str(scorer)] = train(
            tmp_path / str(len(runs)),
            model=Levels(num_levels),
            sampler=dict(scorer=scorer),
            loader=dict(loader),
            max_epochs=4,
        )
    (runner, recorder, hook), (fixed, expected, fixed_hook) = runs.values()
    scorer = hook.sampler.scorer
    assert scorer.needs_sample_losses is (num_levels == 0)
    assert (recorder.batches, recorder.losses) == (expected.batches, expected.losses)
    assert_close(runner.model.state_dict(), fixed.model.state_dict(), rtol=0, atol=0)
    assert_close(scorer.state_dict(), fixed_hook.sampler.scorer.state_dict(), rtol=0, atol=0)
    if num_levels:
        assert_same_scores(scorer, replay(recorder, type(scorer)(42)))
