import pickle
import shutil
import zipfile

import numpy as np
import pytest
from record_cases import record_of

from bls_mm.records.history import (
    delete_from,
    load_history,
    load_record,
    path_of,
    record_paths,
    save_record,
)

FOREIGN = (
    'epoch_best.npz',
    'epoch_1 (1).npz',
    'epoch_.npz',
    'epoch_-1.npz',
    'epoch_0.npz',
    'epoch_01.npz',
    'epoch_1_2.npz',
    'epoch_\u0663.npz',  # an Arabic digit
    'epoch_1.npz.bak',
    'other.npz',
)


def save(tmp_path, *epochs, mask=(1, 0, 1)):
    for epoch in epochs:
        save_record(tmp_path, record_of(mask, epoch))


def epochs_of(tmp_path):
    return [record.epoch for record in load_history(tmp_path)]


def test_saved_record_equals_loaded_record(tmp_path):
    record = record_of([1, 0, 1, 1, 0, 0, 1, 0, 1], epoch=3)
    save_record(tmp_path, record)
    loaded = load_record(tmp_path, 3)
    for saved, read in zip(record, loaded):
        np.testing.assert_array_equal(saved, read)
    assert isinstance(loaded.mean_weight, float)
    assert [path.name for path in (tmp_path / 'bls').iterdir()] == ['epoch_4.npz']


def test_records_are_files_of_numpy(tmp_path):
    save(tmp_path, 0)
    with np.load(path_of(tmp_path, 0)) as file:
        assert file['num_samples'] == 3
        np.testing.assert_array_equal(file['scores'], [0, 1, 2])


def test_record_of_version_0_1_is_read(tmp_path):
    record = record_of([1, 0, 1], epoch=0)
    (tmp_path / 'bls').mkdir()
    np.savez(path_of(tmp_path, 0), **record._asdict())
    assert load_record(tmp_path, 0).iteration == record.iteration


def test_history_is_sorted_and_skips_damaged_records(tmp_path):
    save(tmp_path, 10, 2, 1, 0)
    path_of(tmp_path, 1).write_bytes(path_of(tmp_path, 0).read_bytes()[:50])
    path_of(tmp_path, 0).write_bytes(b'')
    assert epochs_of(tmp_path) == [2, 10]
    assert load_record(tmp_path, 1) is None
    assert load_record(tmp_path, 5) is None


def test_history_contains_only_the_last_data_set(tmp_path):
    save(tmp_path, 0)
    save(tmp_path, 1, mask=(1, 0, 1, 1))
    assert epochs_of(tmp_path) == [1]


def test_foreign_names_are_ignored_and_kept(tmp_path):
    save(tmp_path, 0, 1, 2)
    for name in FOREIGN:
        shutil.copy(path_of(tmp_path, 1), tmp_path / 'bls' / name)
    assert epochs_of(tmp_path) == [0, 1, 2]
    assert sorted(record_paths(tmp_path)) == [0, 1, 2]
    delete_from(tmp_path, 0)
    assert {path.name for path in (tmp_path / 'bls').iterdir()} == set(FOREIGN)


def test_directory_in_place_of_a_record_is_absent(tmp_path):
    save(tmp_path, 0)
    path_of(tmp_path, 1).mkdir()
    assert epochs_of(tmp_path) == [0]
    delete_from(tmp_path, 0)
    assert path_of(tmp_path, 1).is_dir()
    with pytest.raises(OSError):
        save(tmp_path, 1)
    assert {path.name for path in (tmp_path / 'bls').iterdir()} == {'epoch_2.npz'}


def test_file_in_place_of_the_folder_is_no_history(tmp_path):
    (tmp_path / 'bls').write_text('')
    assert load_history(tmp_path) == []
    delete_from(tmp_path, 0)
    with pytest.raises(OSError):
        save(tmp_path, 0)


def test_copy_under_another_epoch_is_absent(tmp_path):
    save(tmp_path, 0)
    shutil.copy(path_of(tmp_path, 0), path_of(tmp_path, 4))
    assert epochs_of(tmp_path) == [0]


@pytest.mark.parametrize('content', ['pickle', 'object', 'npy', 'zip of text'])
def test_files_of_another_kind_are_absent_and_not_run(tmp_path, content):
    save(tmp_path, 0, 1)
    path, proof = path_of(tmp_path, 1), tmp_path / 'proof'
    write = dict(
        pickle=lambda: path.write_bytes(pickle.dumps(Evil(proof))),
        object=lambda: np.savez(path, **{**record_of([1], 1)._asdict(), 'keep': [Evil(proof)]}),
        npy=lambda: np.save(path.open('wb'), np.arange(3)),
    )
    write['zip of text'] = lambda: zip_of_text(path)
    write[content]()
    assert epochs_of(tmp_path) == [0]
    assert not proof.exists()


class Evil:
    """Creates a file when it is unpickled."""

    def __init__(self, proof):
        self.proof = proof

    def __reduce__(self):
        return self.proof.touch, ()


def zip_of_text(path):
    with zipfile.ZipFile(path, 'w') as archive:
        for name in record_of([1])._fields:
            archive.writestr(name, 'text')


def test_delete_from_removes_later_records(tmp_path):
    save(tmp_path, *range(12))
    delete_from(tmp_path, 3)
    assert epochs_of(tmp_path) == [0, 1, 2]


def test_delete_from_removes_parts_of_killed_processes(tmp_path):
    save(tmp_path, 0)
    for name in ('epoch_1.npz.part', 'epoch_9.npz.part', 'epoch_2.part', 'epoch_best.part'):
        (tmp_path / 'bls' / name).write_text('')
    delete_from(tmp_path, 5)
    names = {path.name for path in (tmp_path / 'bls').iterdir()}
    assert names == {'epoch_1.npz', 'epoch_best.part'}


def test_delete_from_deletes_the_others_if_one_fails(tmp_path, monkeypatch):
    save(tmp_path, *range(4))
    unlink = type(tmp_path).unlink

    def fail_for_one(path, **options):
        if path.name == 'epoch_2.npz':
            raise PermissionError(13, 'Permission denied')
        unlink(path, **options)

    monkeypatch.setattr(type(tmp_path), 'unlink', fail_for_one)
    with pytest.raises(PermissionError):
        delete_from(tmp_path, 0)
    assert epochs_of(tmp_path) == [1]
