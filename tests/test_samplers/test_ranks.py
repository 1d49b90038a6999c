import numpy as np
import pytest

from bls_mm.samplers.ranks import deal, epoch_generator, rank_length


def test_generators_depend_on_seed_epoch_and_purpose_only():
    draws = {
        key: epoch_generator(*key).integers(2**60)
        for key in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    }
    assert len(set(draws.values())) == 4
    assert all(epoch_generator(*key).integers(2**60) == draw for key, draw in draws.items())


@pytest.mark.parametrize('num_samples', [1, 2, 3, 7, 8, 9, 100])
@pytest.mark.parametrize('world_size', [1, 2, 3, 4, 8])
@pytest.mark.parametrize('round_up', [True, False])
def test_ranks_get_equally_many_samples(num_samples, world_size, round_up):
    length = rank_length(num_samples, world_size, round_up)
    order = np.random.default_rng(0).permutation(1000)[:num_samples]
    blocks = np.split(order, sorted({num_samples // 3, num_samples // 2}))
    ranks = [
        np.concatenate(list(deal(lambda: blocks, rank, world_size, length)))
        for rank in range(world_size)
    ]
    assert {len(rank) for rank in ranks} == {length}
    assert length >= 1
    seen, counts = np.unique(np.concatenate(ranks), return_counts=True)
    assert np.isin(seen, order).all()
    assert counts.max() - counts.min() <= 1
    if round_up:
        assert len(seen) == num_samples
    elif num_samples >= world_size:
        assert counts.max() == 1
        assert num_samples - len(seen) < world_size
