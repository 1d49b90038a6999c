import numpy as np
import pytest

pytest.importorskip('plotly')

from bls_mm.analysis.figures import coincide, cost, kept_by_group


def test_group_names_that_are_digits_stay_names():
    figure = kept_by_group(np.array([0.2, 0.9, 0.5]), [['0'], ['7'], ['2']])
    assert figure.layout.yaxis.type == 'category'
    assert figure.layout.yaxis.dtick == 1
    (bars,) = figure.data
    assert dict(zip(bars.y, bars.x)) == pytest.approx({'0': 0.2, '7': 0.9, '2': 0.5})


@pytest.mark.parametrize('seconds', [0.0, 3.0])
def test_cost_axis_has_room_for_text(seconds):
    figure = cost(dict(training_seconds=10.0, scoring_seconds=seconds))
    (bars,) = figure.data
    assert figure.layout.xaxis.range[1] > max(bars.x)


def test_curves_coincide_only_if_nearly_all_values_do():
    epochs = np.linspace(0, 4, 50)
    own = np.stack([epochs, np.exp(-epochs)])
    assert coincide(own, np.stack([epochs[::2], np.exp(-epochs[::2])]))
    assert not coincide(own, np.stack([epochs, 0.5 * np.exp(-epochs)]))
