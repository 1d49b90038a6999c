import torch
from threads import Ranks
from torch import nn

import bls_mm.hooks.accumulation as accumulation


def test_ranks_average_gradients_also_of_what_only_some_of_them_used(monkeypatch):
    ranks = Ranks(2)

    def all_reduce(tensor, op='sum'):
        total = sum(ranks.gather(tensor))
        tensor.copy_(total / ranks.size if op == 'mean' else total)

    monkeypatch.setattr(accumulation, 'all_reduce', all_reduce)
    monkeypatch.setattr(accumulation, 'get_world_size', lambda: ranks.size)

    def work(rank):
        layers = nn.ModuleList([nn.Linear(1, 1, bias=False) for _ in range(3)])
        layers[rank].weight.grad = torch.tensor([[6.0]])
        accumulation.average_gradients(layers)
        return accumulation.copy_gradients(layers)

    assert ranks.run(work) == [[3, 3, None]] * 2
