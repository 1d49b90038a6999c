"""A run that ends before it prunes says so before its first iteration."""

import pytest
from mmengine.dataset import RepeatDataset
from toy import ToyData, build_runner, read_log

NOTHING = 'BLS: nothing is pruned'
REPETITIONS = 'repetitions of RepeatDataset counts as a sample'


def warnings_of(work_dir, pruner='InfoBatch', repeat=None, **train_cfg):
    """Returns the warnings of a run on 42 samples, of which 11 batches are an epoch."""
    dataset = ToyData()
    if repeat:
        dataset = Repeated(dataset, repeat)
    train_cfg = dict(val_interval=1000, **train_cfg) if 'max_iters' in train_cfg else train_cfg
    runner = build_runner(
        work_dir, dict(type=pruner), loader=dict(dataset=dataset), train_cfg=train_cfg
    )
    runner.train()
    return [line for line in read_log(work_dir).splitlines() if 'WARNING' in line and 'BLS' in line]


class Repeated(RepeatDataset):
    """MMEngine's wrapper, around a data set that is not one of MMEngine."""

    def __init__(self, dataset, times):
        self.dataset, self.times, self._ori_len = dataset, times, len(dataset)
        self._metainfo, self._fully_initialized = dict(name='toy'), True

    def __getitem__(self, index):
        return self.dataset[index % self._ori_len]


def iterations(number):
    return dict(by_epoch=False, max_iters=number)


@pytest.mark.parametrize('number', [1, 10, 11])
def test_run_of_less_than_an_epoch_prunes_nothing(tmp_path, number):
    (warning,) = warnings_of(tmp_path, **iterations(number))
    assert f'{NOTHING}, because the run of {number} iterations ends within its first' in warning
    assert 'which takes 11 and scores all 42 samples; train longer' in warning


def test_run_of_one_epoch_prunes_nothing(tmp_path):
    (warning,) = warnings_of(tmp_path, by_epoch=True, max_epochs=1)
    assert f'{NOTHING}, as the only epoch of the run scores all samples' in warning


@pytest.mark.parametrize('train_cfg', [iterations(12), dict(by_epoch=True, max_epochs=2)])
def test_longer_run_has_no_warning(tmp_path, train_cfg):
    assert warnings_of(tmp_path, **train_cfg) == []


@pytest.mark.parametrize('pruner', ['NoPruning', 'StaticRandom'])
def test_pruner_without_scores_has_no_warning(tmp_path, pruner):
    assert warnings_of(tmp_path, pruner, **iterations(5)) == []


@pytest.mark.parametrize('number', [100, 300])  # an epoch takes 210
def test_repetitions_are_samples_in_a_loop_of_iterations(tmp_path, number):
    (warning,) = warnings_of(tmp_path, repeat=20, **iterations(number))
    assert f'each of the 20 {REPETITIONS}' in warning
    assert ('ends within its first epoch and prunes nothing' in warning) == (number == 100)
    assert 'write train_dataloader=dict(dataset=dict(_delete_=True, **_base_.' in warning


def test_repetitions_are_passes_in_a_loop_of_epochs(tmp_path):
    assert warnings_of(tmp_path, repeat=2, by_epoch=True, max_epochs=2) == []
