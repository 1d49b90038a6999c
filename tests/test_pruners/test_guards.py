"""Guards, behind pruners that would forget."""

import numpy as np
import pytest
from mmengine.runner.runner import _SlicedDataset
from torch.utils.data import ConcatDataset, Subset

from bls_mm.pruners import InfoBatch, MinShare, Pruner, Revisit, SteeredPruner, build_pruner
from bls_mm.samplers.plan import epoch_generator

NUM = 300


class KeepFirst(Pruner):
    """Keeps the first samples only."""

    needs_scores = False

    def __init__(self, count=100):
        super().__init__(delta=1.0)
        self.count = count

    def prune(self, scores, scored, epoch, rng):
        return np.arange(len(scores)) < self.count, None


class Labelled:
    """A data set of known classes."""

    def __init__(self, classes):
        self.classes = classes

    def __len__(self):
        return len(self.classes)

    def get_cat_ids(self, index):
        return self.classes[index]


def keeps(pruner, epochs, num=NUM):
    """Returns (epochs, N) bool, which samples each epoch keeps."""
    scores, visits = np.linspace(1, 0, num, dtype=np.float32), np.ones(num, dtype=np.uint8)
    kept = np.zeros((epochs, num), dtype=bool)
    for epoch in range(epochs):
        selection = pruner.select(scores, visits, epoch, 100, epoch_generator(0, epoch, 0))
        kept[epoch, selection.indices] = True
    return kept


@pytest.mark.parametrize('epochs', [1, 3, 5])
def test_no_sample_is_unseen_for_longer(epochs):
    kept = keeps(SteeredPruner(KeepFirst(), guards=[Revisit(epochs)]), 13)
    assert kept[:, :100].all()
    expected = (np.arange(13) + 1) % (epochs + 1) == 0
    assert (kept[:, 100:] == expected[:, None]).all()


def test_revisit_costs_a_byte_a_sample():
    guard = Revisit(5)
    guard.bring_back(np.zeros(1000, dtype=bool), None)
    assert guard.state_dict()['unseen_for'].nbytes == 1000


def test_the_time_unseen_does_not_wrap_around():
    guard, none = Revisit(254), np.zeros(10, dtype=bool)
    for _ in range(600):
        back = guard.bring_back(none, None)
        guard.note(none)
    assert back.all()


def test_those_brought_back_have_weight_one():
    pruner = SteeredPruner(InfoBatch(prune_ratio=0.9), guards=[Revisit(1)])
    scores, visits = np.linspace(1, 0, NUM, dtype=np.float32), np.ones(NUM, dtype=np.uint8)
    first, second = (
        pruner.select(scores, visits, epoch, 100, epoch_generator(0, epoch, 0))
        for epoch in range(2)
    )
    back = ~np.isin(second.indices, first.indices)
    assert back.sum() == NUM - first.num_kept and (second.weights[back] == 1).all()
    assert np.isclose(second.weights.max(), 10)


def test_every_source_keeps_its_share():
    dataset = ConcatDataset([range(150), range(100), range(50)])
    guards = [dict(type='MinShare', of='source', share=0.25)]
    pruner = build_pruner(dict(type=KeepFirst, count=160, guards=guards), dataset)
    kept = keeps(pruner, 4)
    assert (kept[:, :150].sum(1) == 150).all()
    assert (kept[:, 150:250].sum(1) == 25).all()  # 10 of the pruner, 15 others
    assert (kept[:, 250:].sum(1) == 13).all()
    assert kept[:, 250:].any(0).sum() > 25  # others in each epoch


def test_every_class_keeps_its_share_and_the_rarest_counts():
    classes = [[7], [7, 3], [7], [7], [3], [7]] * 40 + [[5, 7]] * 20 + [[]] * 40
    dataset = ConcatDataset([Labelled(classes[:100]), Labelled(classes[100:])])
    guard = MinShare(of='class', share=0.5)
    guard.prepare(dataset)
    assert guard.group_of.dtype == np.uint8
    kept = keeps(SteeredPruner(KeepFirst(60), guards=[guard]), 1)[0]
    rarest = np.array([5 if 5 in c else 3 if 3 in c else 7 if 7 in c else 0 for c in classes])
    counts = {name: kept[rarest == name].sum() for name in (5, 3, 7, 0)}
    assert counts == {5: 10, 3: 40, 7: 80, 0: 20}


@pytest.mark.parametrize('of', ['source', 'class'])
def test_of_a_set_cut_short_only_the_first_samples_count(of):
    # As by MMEngine's num_batch_per_epoch, which hands on what the whole data set tells.
    whole = ConcatDataset([Labelled([[0]] * 30), Labelled([[1]] * 10)])
    guard = MinShare(of=of, share=0.5)
    guard.prepare(_SlicedDataset(whole, 34))
    first, last = np.split(guard.group_of, [30])
    assert len(last) == 4 and len({*first}) == len({*last}) == 1 and first[0] != last[0]
    assert sorted(guard.minima[guard.minima > 0].tolist()) == [2, 15]


def test_guards_go_together_with_savings():
    dataset = ConcatDataset([range(200), range(100)])
    guards = [dict(type='MinShare', share=0.3), dict(type='Revisit', epochs=4)]
    cfg = dict(type='InfoBatch', delta=1.0, target_savings=0.3, guards=guards)
    kept = keeps(build_pruner(cfg, dataset), 100)
    assert abs(1 - kept.mean() - 0.3) < 0.005
    assert (kept[:, 200:].sum(1) >= 30).all()
    for start in range(95):
        assert kept[start : start + 5].any(0).all()


@pytest.mark.parametrize(
    ('of', 'dataset', 'message'),
    [
        ('source', range(3), "of='source'.* needs a ConcatDataset, but got range; use"),
        ('class', range(3), 'needs a data set with get_cat_ids or targets, but range has'),
        ('class', Subset(range(3), [2, 1, 0]), 'but Subset has neither'),
    ],
)
def test_what_a_data_set_does_not_tell(of, dataset, message):
    with pytest.raises(ValueError, match=message):
        MinShare(of=of).prepare(dataset)
