import numpy as np
import pytest
from guarded import NUM, KeepFirst, kept_by

from bls_mm.planning import Planner, Revisit
from bls_mm.pruners import InfoBatch
from bls_mm.samplers.order import SELECT, epoch_generator


@pytest.mark.parametrize('epochs', [1, 3, 5])
def test_no_sample_stays_out_for_longer(epochs):
    kept = kept_by(Planner(KeepFirst(), guards=[Revisit(epochs)]), 13)
    assert kept[:, :100].all()
    expected = (np.arange(13) + 1) % (epochs + 1) == 0
    assert (kept[:, 100:] == expected[:, None]).all()


def test_state_takes_one_byte_per_sample():
    guard = Revisit(5)
    assert guard.state_dict() == {}
    guard.bring_back(np.zeros(1000, dtype=bool), None)
    assert guard.state_dict()['unseen_for'].nbytes == 1000


def test_counter_does_not_wrap_around():
    guard, none = Revisit(254), np.zeros(10, dtype=bool)
    for _ in range(600):
        back = guard.bring_back(none, None)
        guard.note(none)
    assert back.all()


def test_samples_that_come_back_have_weight_one():
    planner = Planner(InfoBatch(prune_ratio=0.9), guards=[Revisit(1)])
    scores, visits = np.linspace(1, 0, NUM, dtype=np.float32), np.ones(NUM, dtype=np.uint8)
    first, second = (
        planner.plan(scores, visits, epoch, 100, epoch_generator(0, epoch, SELECT))
        for epoch in range(2)
    )
    back = ~np.isin(second.indices, first.indices)
    assert back.sum() == NUM - first.num_kept and (second.weights[back] == 1).all()
    assert np.isclose(second.weights.max(), 10)


def test_resume_remembers_how_long_samples_were_out():
    whole = kept_by(Planner(KeepFirst(), guards=[Revisit(3)]), 9)
    begun, resumed = (Planner(KeepFirst(), guards=[Revisit(3)]) for _ in range(2))
    kept_by(begun, 2)
    resumed.load_state_dict(begun.state_dict())
    np.testing.assert_array_equal(kept_by(resumed, 7), whole[2:])


@pytest.mark.parametrize('epochs', [0, 255, 1.5])
def test_wrong_options_raise_one_sentence(epochs):
    with pytest.raises(
        ValueError, match=f'epochs must be an integer from 1 to 254, but got {epochs}'
    ):
        Revisit(epochs)
