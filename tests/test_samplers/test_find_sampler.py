from torch.utils.data import BatchSampler, DataLoader

from bls_mm.samplers import BLSSampler, find_sampler


def test_finds_the_sampler_below_any_number_of_batch_samplers():
    sampler = BLSSampler(range(8), seed=0)
    batches = BatchSampler(sampler, 4, drop_last=False)
    outer = BatchSampler(batches, 1, drop_last=False)
    assert find_sampler(DataLoader(range(8), sampler=sampler)) is sampler
    assert find_sampler(DataLoader(range(8), batch_sampler=batches)) is sampler
    assert find_sampler(DataLoader(range(8), batch_sampler=outer)) is sampler


def test_returns_none_without_one():
    assert find_sampler(DataLoader(range(8))) is None
    assert find_sampler(DataLoader(range(8), batch_size=None)) is None
    assert find_sampler(DataLoader(range(8), batch_sampler=[[1, 2]])) is None
