import numpy as np
import pytest
from guarded import KeepFirst, kept_by
from mmengine.runner.runner import _SlicedDataset
from torch.utils.data import ConcatDataset, Subset

from bls_mm.planning import MinFraction, Planner, build_planner


class Labelled:
    """A data set whose classes are known."""

    def __init__(self, classes):
        self.classes = classes

    def __len__(self):
        return len(self.classes)

    def get_cat_ids(self, index):
        return self.classes[index]


def test_every_source_keeps_its_fraction():
    dataset = ConcatDataset([range(150), range(100), range(50)])
    guards = [dict(type='MinFraction', of='source', fraction=0.25)]
    planner = build_planner(dict(type=KeepFirst, count=160, guards=guards), dataset)
    kept = kept_by(planner, 4)
    assert (kept[:, :150].sum(1) == 150).all()
    assert (kept[:, 150:250].sum(1) == 25).all()  # 10 of the pruner, 15 others
    assert (kept[:, 250:].sum(1) == 13).all()
    assert kept[:, 250:].any(0).sum() > 25  # others in each epoch


def test_every_class_keeps_its_fraction_and_the_rarest_class_of_a_sample_counts():
    classes = [[7], [7, 3], [7], [7], [3], [7]] * 40 + [[5, 7]] * 20 + [[]] * 40
    dataset = ConcatDataset([Labelled(classes[:100]), Labelled(classes[100:])])
    guard = MinFraction(of='class', fraction=0.5)
    guard.prepare(dataset)
    assert guard.group_of.dtype == np.uint8
    kept = kept_by(Planner(KeepFirst(60), guards=[guard]), 1)[0]
    rarest = np.array([5 if 5 in c else 3 if 3 in c else 7 if 7 in c else 0 for c in classes])
    counts = {name: kept[rarest == name].sum() for name in (5, 3, 7, 0)}
    assert counts == {5: 10, 3: 40, 7: 80, 0: 20}


@pytest.mark.parametrize('of', ['source', 'class'])
def test_a_sliced_data_set_counts_its_first_samples_only(of):
    # MMEngine's num_batch_per_epoch slices; the slice passes on the attributes of the whole set.
    whole = ConcatDataset([Labelled([[0]] * 30), Labelled([[1]] * 10)])
    guard = MinFraction(of=of, fraction=0.5)
    guard.prepare(_SlicedDataset(whole, 34))
    first, last = np.split(guard.group_of, [30])
    assert len(last) == 4 and len({*first}) == len({*last}) == 1 and first[0] != last[0]
    assert sorted(guard.minima[guard.minima > 0].tolist()) == [2, 15]


@pytest.mark.parametrize(
    ('of', 'dataset', 'message'),
    [
        ('source', range(3), "of='source'.* needs a ConcatDataset, but got range; use"),
        ('class', range(3), 'needs a data set with get_cat_ids or targets, but range has'),
        ('class', Subset(range(3), [2, 1, 0]), 'but Subset has neither'),
    ],
)
def test_data_sets_without_groups_raise_one_sentence(of, dataset, message):
    with pytest.raises(ValueError, match=message):
        MinFraction(of=of).prepare(dataset)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(of='label'), "of must be 'source' or 'class', but got 'label'"),
        (dict(fraction=2), 'fraction must be a fraction between 0 and 1, but got 2'),
    ],
)
def test_wrong_options_raise_one_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        MinFraction(**options)
