import pytest

from bls_mm.samplers import BLSSampler
from bls_mm.scorers import BatchLossScorer


@pytest.mark.parametrize(
    ('options', 'error', 'message'),
    [
        (dict(pruner=dict(type='Seta')), KeyError, "pruner 'Seta' is not known; choose one of"),
        (
            dict(scorer=dict(type='SeTa')),
            KeyError,
            "scorer 'SeTa' is not known; choose one of Batch",
        ),
        (dict(shuffle='False'), ValueError, "shuffle must be True or False, but got 'False'"),
        (dict(round_up=1), ValueError, 'round_up must be True or False, but got 1'),
        (dict(seed=-1), ValueError, 'seed must be an integer of at least 0, or None, but got -1'),
        (dict(seed='0'), ValueError, 'seed must be an integer of at least 0, or None'),
        (dict(run_length=16.0), ValueError, 'run_length must be a power of two from 1 to 65,536'),
        (dict(run_length=3), ValueError, 'run_length must be a power of two from 1 to 65,536'),
        (dict(run_length=True), ValueError, 'run_length must be a power of two from 1 to 65,536'),
        (
            dict(placement='all'),
            ValueError,
            "must be one of replicated, shared, sharded, but got 'a",
        ),
        (dict(max_epochs=0), ValueError, 'max_epochs must be a positive integer, but got 0'),
        (dict(pruner='SeTa'), TypeError, "pruner must be a dict with a 'type'"),
        (dict(pruner=dict(prune_ratio=0.5)), TypeError, "pruner must be a dict with a 'type'"),
        (dict(pruner=dict(type='torch.nn.Identity')), TypeError, 'is not a Pruner'),
        (
            dict(pruner=dict(type='SeTa', ratio=1)),
            TypeError,
            "SeTa has no option 'ratio'; its options are prune_ratio, num_groups, window_scale, "
            'window_rounding, delta, interval, target_savings, guards',
        ),
        (
            dict(scorer=BatchLossScorer(9)),
            ValueError,
            'scorer must be for 4 samples, but got a BatchLossScorer for 9; give its config',
        ),
        (dict(plcement='shared'), TypeError, "BLSSampler has no option 'plcement'"),
    ],
)
def test_wrong_options_raise_one_sentence(options, error, message):
    with pytest.raises(error, match=message) as caught:
        BLSSampler(range(4), **options)
    assert '\n' not in str(caught.value)


def test_empty_data_set_raises_one_sentence():
    with pytest.raises(ValueError, match='dataset is empty; check ann_file'):
        BLSSampler([])
