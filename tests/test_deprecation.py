"""Old names keep working for one release, with a warning that says what to write."""

import warnings

import pytest

from bls_mm import BLSHook, BLSSampler
from bls_mm.deprecation import modernise_guard, modernise_pruner
from bls_mm.planning import MinFraction, Revisit, build_planner
from bls_mm.research import ShuffledScores


@pytest.mark.parametrize('placement', ['replicated', 'shared', 'sharded'])
def test_layout_is_placement(placement):
    message = r'BLSSampler\(layout=...\) is now called placement; write placement=...'
    with pytest.warns(FutureWarning, match=message):
        old = BLSSampler(range(8), layout=placement, seed=0)
    new = BLSSampler(range(8), placement=placement, seed=0)
    assert type(old.state.placement) is type(new.state.placement)
    old.set_epoch(0), new.set_epoch(0)
    assert list(old) == list(new)


@pytest.mark.parametrize('scope', ['', 'bls_mm.'])
def test_min_share_is_min_fraction(scope):
    cfg = dict(type='SeTa', guards=[dict(type=f'{scope}MinShare', of='class', share=0.4)])
    with pytest.warns(FutureWarning) as caught:
        (guard,) = build_planner(cfg).guards
    messages = {str(warning.message) for warning in caught}
    assert messages == {
        'the guard MinShare is now called MinFraction; use the new name',
        'MinFraction(share=...) is now called fraction; write fraction=...',
    }
    assert isinstance(guard, MinFraction)
    assert (guard.of, guard.fraction) == ('class', 0.4)
    assert cfg['guards'][0]['type'] == f'{scope}MinShare'  # the config stays as it is


def test_placebo_is_a_pruner():
    cfg = dict(type='InfoBatch', prune_ratio=0.4, delta=0.9, target_savings=0.3, placebo=True)
    with pytest.warns(FutureWarning, match='placebo is no longer an option.*bls_mm.research.Shuff'):
        planner = build_planner(cfg)
    assert isinstance(planner.pruner, ShuffledScores)
    assert planner.pruner.pruner.prune_ratio == 0.4
    assert (planner.delta, planner.budget.target_savings) == (0.9, 0.3)
    with pytest.warns(FutureWarning, match='placebo'):
        planner = build_planner(dict(type='InfoBatch', placebo=False))
    assert type(planner.pruner).__name__ == 'InfoBatch'


def test_unbiased_weights_are_always_off():
    message = r'BLSHook\(unbiased_weights=...\) was removed: .*; leave it out'
    with pytest.warns(FutureWarning, match=message):
        BLSHook(unbiased_weights=False)


@pytest.mark.parametrize(
    ('build', 'message'),
    [
        (
            lambda: BLSHook(unbiased_weights=True),
            r'BLSHook\(unbiased_weights=True\) was removed: gradients got noisier.*; leave it out',
        ),
        (lambda: BLSHook(scale=1), "BLSHook has no option 'scale'"),
        (lambda: BLSSampler(range(8), layouts='shared'), "BLSSampler has no option 'layouts'"),
        (
            lambda: BLSSampler(range(8), layout='shared', placment='shared'),
            "BLSSampler has no option 'placment'",
        ),
        (
            lambda: build_planner(dict(type='SeTa', guards=[dict(type='MinFraction', part=1)])),
            "guard MinFraction has no option 'part'; its options are of, fraction",
        ),
        (
            lambda: build_planner(dict(type='SeTa', placebos=True)),
            "pruner SeTa has no option 'placebos'",
        ),
    ],
)
def test_other_options_raise_one_sentence(build, message):
    with pytest.raises(TypeError, match=message) as caught:
        build()
    assert '\n' not in str(caught.value)


def test_wrong_values_of_old_options_are_checked_as_those_of_new_ones():
    with pytest.warns(FutureWarning), pytest.raises(ValueError, match='placement must be one of'):
        BLSSampler(range(8), layout='everywhere')
    with pytest.warns(FutureWarning), pytest.raises(ValueError, match='fraction must be a'):
        build_planner(dict(type='SeTa', guards=[dict(type='MinShare', share=2)]))


def test_present_names_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        BLSHook()
        BLSSampler(range(8), placement='replicated')
        guard = dict(type='MinFraction', fraction=0.4)
        assert modernise_guard(guard) == guard
        guards = [guard, Revisit()]
        assert modernise_pruner(dict(type='SeTa', guards=guards))['guards'] == guards


@pytest.mark.parametrize('guards', [None, 'Revisit', dict(type='Revisit')])
def test_wrong_guards_are_left_to_the_planner(guards):
    with pytest.raises(ValueError, match='guards must be a list, but got'):
        build_planner(dict(type='SeTa', guards=guards))
