"""Interval, target and guards together, and what a resumed run remembers."""

import numpy as np
import pytest
from plans import NUM, RUNS, run_epochs, savings
from torch.utils.data import ConcatDataset

from bls_mm.planning import Planner, Revisit, build_planner
from bls_mm.pruners import UCB, EpsilonGreedy, FewerPasses, InfoBatch, Kakurenbo


@pytest.mark.parametrize('pruner_type', [InfoBatch, EpsilonGreedy, UCB, FewerPasses])
def test_interval_target_and_guards_work_together(pruner_type):
    dataset = ConcatDataset([range(NUM - 200), range(200)])
    cfg = dict(
        type=pruner_type.__name__,
        interval=3,
        delta=0.9,
        target_savings=0.35,
        guards=[dict(type='Revisit', epochs=4), dict(type='MinFraction', fraction=0.4)],
    )
    plans = run_epochs(build_planner(cfg, dataset), epochs=20)
    masks = np.array([epoch_plan.mask for epoch_plan in plans])
    assert abs(savings(plans) - 0.35) < 0.02  # what guards bring back in the end is not made up for
    assert (masks[:, -200:].sum(axis=1) >= 80).all()
    assert all(masks[start : start + 5].any(axis=0).all() for start in range(16))


def test_between_selections_the_mask_changes_by_guards_only():
    class Recording(Revisit):
        def __init__(self):
            super().__init__(epochs=1)
            self.seen = []

        def bring_back(self, mask, rng):
            self.last = mask.copy()
            return super().bring_back(mask, rng)

        def note(self, mask):
            self.seen.append(self.last)
            super().note(mask)

    guard = Recording()
    run_epochs(Planner(EpsilonGreedy(), 1.0, 4, 0.4, [guard]), epochs=12)
    for epoch in range(2, 12):
        same = np.array_equal(guard.seen[epoch], guard.seen[epoch - 1])
        assert same is (epoch % 4 != 0)


@pytest.mark.parametrize('make', [UCB, Kakurenbo, FewerPasses])
@pytest.mark.parametrize('options', RUNS)
def test_memory_of_the_pruner_survives_other_options(make, options):
    """A run may resume with another target, or other guards, or without them."""
    guarded = Planner(make(), target_savings=0.3, guards=[Revisit(2)])
    run_epochs(guarded, epochs=4, max_epochs=10)
    resumed = Planner(make(), **options)
    resumed.load_state_dict(guarded.state_dict())
    memory, loaded = guarded.pruner.state_dict(), resumed.pruner.state_dict()
    assert memory and memory.keys() == loaded.keys()
    for name, array in memory.items():
        np.testing.assert_array_equal(array, loaded[name])
    fresh = Planner(make(), **options)
    one, other = (run_epochs(each, start=4, epochs=7)[0] for each in (resumed, fresh))
    assert not np.array_equal(one.mask, other.mask)  # the memory has an effect


def test_fewer_passes_continues_its_pass_without_a_target():
    guarded = Planner(FewerPasses(0.75), target_savings=0.75)
    used = np.any([epoch_plan.mask for epoch_plan in run_epochs(guarded, epochs=2)], axis=0)
    resumed = Planner(FewerPasses(0.75))
    resumed.load_state_dict(guarded.state_dict())
    (next_plan,) = run_epochs(resumed, start=2, epochs=3)
    assert not (next_plan.mask & used).any()


def test_resume_with_a_target_counts_earlier_epochs_as_on_target():
    unsteered = Planner(EpsilonGreedy(0.1))
    run_epochs(unsteered, epochs=8)
    resumed = Planner(EpsilonGreedy(0.1), target_savings=0.4)
    resumed.load_state_dict(unsteered.state_dict())
    assert abs(savings(run_epochs(resumed, start=8)) - 0.4) < 0.005


def test_all_options_together_resume_bit_for_bit():
    options = dict(interval=3, target_savings=0.35, guards=[dict(type='Revisit', epochs=2)])
    whole = run_epochs(Planner(InfoBatch(), **options))
    begun = Planner(InfoBatch(), **options)
    run_epochs(begun, epochs=8, max_epochs=16)
    resumed = Planner(InfoBatch(), **options)
    resumed.load_state_dict(begun.state_dict())
    for one, other in zip(whole[8:], run_epochs(resumed, start=8)):
        np.testing.assert_array_equal(one.indices, other.indices)
        np.testing.assert_array_equal(one.weights, other.weights)
