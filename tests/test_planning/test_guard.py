"""Several guards, and guards of a user."""

import numpy as np
from guarded import NUM, KeepFirst, kept_by
from torch.utils.data import ConcatDataset

from bls_mm.planning import Guard, Planner, Revisit, build_planner


class KeepLast(Guard):
    """Brings back the last samples; records the masks that it gets."""

    def __init__(self, count):
        self.count = count
        self.offered, self.noted, self.prepared = [], [], None

    def prepare(self, dataset):
        self.prepared = dataset

    def bring_back(self, mask, rng):
        self.offered.append(mask.copy())
        return np.arange(len(mask)) >= len(mask) - self.count

    def note(self, mask):
        self.noted.append(mask.copy())


def test_guards_meet_a_target_together():
    dataset = ConcatDataset([range(200), range(100)])
    guards = [dict(type='MinFraction', fraction=0.3), dict(type='Revisit', epochs=4)]
    cfg = dict(type='InfoBatch', delta=1.0, target_savings=0.3, guards=guards)
    kept = kept_by(build_planner(cfg, dataset), 100)
    assert abs(1 - kept.mean() - 0.3) < 0.005
    assert (kept[:, 200:].sum(1) >= 30).all()
    for start in range(95):
        assert kept[start : start + 5].any(0).all()


def test_a_guard_sees_what_earlier_guards_brought_back_and_notes_the_final_mask():
    first, second = KeepLast(20), KeepLast(50)
    kept = kept_by(Planner(KeepFirst(), guards=[first, second]), 1)[0]
    assert np.count_nonzero(first.offered[0]) == 100
    assert np.count_nonzero(second.offered[0]) == 120
    assert np.count_nonzero(kept) == 150
    for guard in (first, second):
        np.testing.assert_array_equal(guard.noted[0], kept)


def test_guards_are_prepared_with_the_data_set_once():
    guard = KeepLast(1)
    dataset = range(NUM)
    build_planner(dict(type='SeTa', guards=[guard]))
    assert guard.prepared is None
    build_planner(dict(type='SeTa', guards=[guard]), dataset)
    assert guard.prepared is dataset


def test_a_guard_without_state_needs_no_methods_for_it():
    planner = Planner(KeepFirst(), guards=[KeepLast(1), Revisit(2)])
    kept_by(planner, 3)
    state = planner.state_dict()
    assert state['guards'].keys() == {0, 1} and state['guards'][0] == {}
    planner.load_state_dict(state)
