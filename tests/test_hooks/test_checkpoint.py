"""Gradients in checkpoints."""

from types import SimpleNamespace

import torch
from threads import Ranks
from torch import nn

from bls_mm.hooks import checkpoint


class Accumulating:
    _accumulative_counts = 2

    def should_update(self):
        return False


def test_ranks_average_gradients_also_of_parameters_that_only_some_ranks_used(monkeypatch):
    ranks = Ranks(2)

    def all_reduce(tensor, op='sum'):
        total = sum(ranks.gather(tensor))
        tensor.copy_(total / ranks.size if op == 'mean' else total)

    monkeypatch.setattr(checkpoint, 'all_reduce', all_reduce)
    monkeypatch.setattr(checkpoint, 'get_world_size', lambda: ranks.size)

    def work(rank):
        layers = nn.ModuleList([nn.Linear(1, 1, bias=False) for _ in range(3)])
        layers[rank].weight.grad = torch.tensor([[6.0]])
        runner = SimpleNamespace(model=layers, optim_wrapper=Accumulating())
        checkpoint.average_gradients(runner)
        return checkpoint.copy_gradients(layers)

    assert ranks.run(work) == [[3, 3, None]] * 2


def test_copied_gradients_are_restored_as_copies():
    model = nn.Linear(2, 1)
    model.weight.grad = torch.tensor([[1.0, 2.0]])
    copies = checkpoint.copy_gradients(model)
    assert copies[1] is None
    other = nn.Linear(2, 1)
    checkpoint.restore_gradients(other, copies)
    assert other.weight.grad.tolist() == [[1.0, 2.0]]
    assert other.bias.grad is None
    other.weight.grad.zero_()
    assert copies[0].tolist() == [[1.0, 2.0]]
