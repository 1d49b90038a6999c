"""Which samples belong to which rank, and the arrays of all ranks together."""

import numpy as np
import pytest
from placed_sampler import NUM, SIZE, make

from bls_mm.distributed import Sharded


@pytest.mark.parametrize('num', [5, 64, 1000, 70_001])
@pytest.mark.parametrize('size', [1, 2, 5])
def test_shards_are_disjoint_complete_and_of_equal_size(num, size):
    shards = [Sharded(num, rank, size) for rank in range(size)]
    held = [shard.samples_at(np.arange(shard.local_size)) for shard in shards]
    np.testing.assert_array_equal(np.sort(np.concatenate(held)), np.arange(num))
    assert {len(part) for part in held} <= {num // size, -(-num // size)}
    for shard, samples in zip(shards, held):
        np.testing.assert_array_equal(shard.positions_of(samples.tolist()), np.arange(len(samples)))


@pytest.mark.parametrize('period', [2, 8, 64, 1000])
def test_neighbours_and_periodic_samples_are_spread_evenly(period):
    num, size = 64_000, 8
    for rank in range(size):
        shard = Sharded(num, rank, size)
        samples = shard.samples_at(np.arange(shard.local_size))
        assert (np.bincount(samples // (num // 10)) == num // 10 // size).all()
        fraction = np.bincount(samples % period, minlength=period) * size * period / num
        assert np.abs(fraction - 1).max() < 6 / np.sqrt(num / period / size)


def test_sample_of_another_rank_raises_one_sentence():
    shard, other = Sharded(100, 0, 2), Sharded(100, 1, 2)
    mine, not_mine = (int(each.samples_at(np.array([7]))[0]) for each in (shard, other))
    message = f'sample {not_mine} does not belong to the shard of rank 0; with'
    with pytest.raises(IndexError, match=message):
        shard.positions_of([mine, not_mine])


@pytest.mark.parametrize('dtype', [bool, np.uint8, np.int16, np.float16, np.float32])
def test_gather_reverses_take(ranks, dtype, monkeypatch):
    monkeypatch.setattr('bls_mm.distributed.sharded.ROUND', 64)
    whole = np.random.default_rng(0).integers(0, 2, NUM).astype(dtype)

    def there_and_back(rank):
        shard = Sharded(NUM, rank, SIZE)
        mine = shard.take(whole)
        gathered = shard.gather(mine)
        assert len(mine) == shard.local_size
        return gathered

    gathered = ranks.run(there_and_back)
    np.testing.assert_array_equal(gathered[0], whole)
    assert gathered[0].dtype == dtype
    assert [len(part) for part in gathered[1:]] == [0] * (SIZE - 1)


def test_visits_that_exceed_a_byte_on_one_rank_only_are_gathered(ranks):
    def gather(rank):
        shard = Sharded(NUM, rank, SIZE)
        dtype = np.int16 if rank == 1 else np.uint8
        return shard.gather(np.full(shard.local_size, 300 if rank == 1 else 200, dtype=dtype))

    values, counts = np.unique(ranks.run(gather)[0], return_counts=True)
    assert values.tolist() == [200, 300]
    assert abs(counts[1] - NUM / SIZE) < 1


def test_state_of_another_data_set_raises_one_sentence(ranks):
    def run(rank):
        sampler = make()
        sampler.gather_state()
        return sampler.state_dict() if rank == 0 else None

    state = ranks.run(run)[0]
    with pytest.raises(ValueError, match='belongs to 1003 samples, but the training set has 1100'):
        Sharded(1100, 0, SIZE).take(state['scorer']['scores'].numpy())
