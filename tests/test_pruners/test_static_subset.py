import numpy as np
import pytest
from toy import train

from bls_mm.pruners import Progress, StaticSubset
from bls_mm.records import load_history


def write(path, indices):
    writers = {
        '.npy': lambda: np.save(path, indices),
        '.txt': lambda: path.write_text('\n'.join(map(str, indices))),
        '.csv': lambda: path.write_text(
            '"image","index","score"\n' + '\n'.join(f'"a, b.jpg",{i},0.5' for i in indices) + '\n'
        ),
    }
    writers[path.suffix]()
    return str(path)


def prune(pruner, epoch=0):
    scores, scored = np.zeros(9, dtype=np.float32), np.ones(9, dtype=bool)
    return pruner.prune(scores, scored, np.random.default_rng(epoch), Progress(epoch, 8))


@pytest.mark.parametrize('suffix', ['.npy', '.txt', '.csv'])
@pytest.mark.parametrize('indices', [[3], [5, 1, 8]])
def test_every_file_format_gives_the_samples_in_the_file(tmp_path, suffix, indices):
    pruner = StaticSubset(write(tmp_path / f'subset{suffix}', indices))
    for epoch in (0, 7):
        mask, weights = prune(pruner, epoch)
        assert np.flatnonzero(mask).tolist() == sorted(indices)
        assert weights is None


def test_csv_of_a_spreadsheet_program(tmp_path):
    path = tmp_path / 'subset.csv'
    path.write_text('index,score\n5,0.5\n', encoding='utf-8-sig')
    assert np.flatnonzero(prune(StaticSubset(str(path)))[0]).tolist() == [5]


def test_a_run_trains_on_the_subset_only(tmp_path):
    _, recorder, _ = train(tmp_path, pruner=dict(type='StaticSubset', indices=[1, 5, 40]))
    assert {i for batch in recorder.batches for i in batch} == {1, 5, 40}
    assert [record.num_kept for record in load_history(tmp_path)] == [3] * 6


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('a.json', '[1]', 'indices must be a file of .npy, .txt, .csv, but got'),
        ('a.csv', 'number\n1\n', "a .csv needs a column 'index'"),
        ('a.txt', '1\ntwo\n', 'which is not a list of whole numbers'),
        ('a.txt', '1.5\n', 'which is not a list of whole numbers'),
    ],
)
def test_invalid_files_raise_a_clear_error(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        StaticSubset(str(tmp_path / name))


@pytest.mark.parametrize('indices', [[], [0.5], [[1, 2]], [True]])
def test_indices_that_are_not_a_list_of_integers_raise_a_clear_error(indices):
    with pytest.raises(ValueError, match='indices must be a list of sample indices, whole numbers'):
        StaticSubset(indices)


def test_a_missing_file_raises_a_clear_error():
    with pytest.raises(FileNotFoundError, match='there is no such file'):
        StaticSubset('missing.txt')


@pytest.mark.parametrize('indices', [[-1, 2], [2, 9]])
def test_indices_outside_the_data_set_raise_a_clear_error(indices):
    with pytest.raises(ValueError, match=r'sample indices .* but the training set has 9 samples'):
        prune(StaticSubset(indices))
