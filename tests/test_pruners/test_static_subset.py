import numpy as np
import pytest
from toy import train

from bls_mm.hooks.history import load_history
from bls_mm.pruners import StaticSubset


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


@pytest.mark.parametrize('suffix', ['.npy', '.txt', '.csv'])
@pytest.mark.parametrize('indices', [[3], [5, 1, 8]])
def test_every_kind_of_file_is_the_list(tmp_path, suffix, indices):
    pruner = StaticSubset(write(tmp_path / f'subset{suffix}', indices))
    for epoch in (0, 7):
        selection = pruner.select(
            np.zeros(9, np.float32), np.zeros(9), epoch, 8, np.random.default_rng(epoch)
        )
        assert selection.indices.tolist() == sorted(indices)
        assert selection.weights is None


def test_a_run_trains_on_the_subset_only(tmp_path):
    _, recorder, _ = train(tmp_path, pruner=dict(type='StaticSubset', indices=[1, 5, 40]))
    assert {i for batch in recorder.batches for i in batch} == {1, 5, 40}
    assert [record.num_kept for record in load_history(tmp_path)] == [3] * 6


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('a.json', '[1]', 'indices must be a file of .npy, .txt, .csv, but got'),
        ('a.csv', 'number\n1\n', "a .csv needs a column 'index'"),
        ('a.txt', '1\ntwo\n', 'which is no list of whole numbers'),
        ('a.txt', '1.5\n', 'which is no list of whole numbers'),
    ],
)
def test_wrong_files_are_one_sentence(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        StaticSubset(str(tmp_path / name))


@pytest.mark.parametrize('indices', [[], [0.5], [[1, 2]], [True]])
def test_what_names_no_samples_is_one_sentence(indices):
    with pytest.raises(ValueError, match='indices must name samples by whole numbers from 0'):
        StaticSubset(indices)


def test_a_missing_file_and_another_data_set_are_one_sentence():
    with pytest.raises(FileNotFoundError, match='there is no such file'):
        StaticSubset('missing.txt')
    for indices in ([-1, 2], [2, 9]):
        with pytest.raises(ValueError, match=r'names samples .* but the training set has 9'):
            StaticSubset(indices).select(
                np.zeros(9, np.float32), np.zeros(9), 0, 8, np.random.default_rng()
            )
