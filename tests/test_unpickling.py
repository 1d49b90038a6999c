"""Checkpoints may contain what MMEngine pickles, and nothing that runs code or changes a class."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler
from old_torch import reads_checkpoints

from bls_mm.compat import allow_mmengine_checkpoints

PLAIN = [
    np.arange(3.0),
    np.arange(6, dtype=np.int32).reshape(2, 3),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.array([True, False]),
    np.array(3.0),
    np.arange(3, dtype='>f4'),
    np.float64(0.1),
    np.float32(0.1),
    np.int64(-5),
    np.bool_(True),
    *(np.arange(3, dtype=name) for name in ('i1', 'i2', 'u2', 'u4', 'u8', 'f2')),
    np.int16(-5),
    np.float16(0.1),
    np.array([]),
    np.array(['cat', 'Füße', '']),
    np.array(['cat', 'dog'], dtype='>U5'),
    np.array([b'cat', b'horse']),
    np.array('cat'),
    np.str_('Füße'),
    np.str_(),
    np.bytes_(b'cat'),
]

DATA = [
    Path('data/images'),
    Path('/data'),
    ConfigDict(classes=('cat',), keypoints=dict(left=0, names=['a'])),
    dict(classes=(np.str_('cat'), np.str_('dog')), sigmas=np.float16(2), root=Path('data')),
]

pytestmark = reads_checkpoints


class Pickled:
    """Is pickled as a call, and as the state of its result."""

    def __init__(self, function, arguments, *state):
        self.parts = function, arguments, *state

    def __reduce__(self):
        return self.parts


@pytest.fixture
def load(tmp_path):
    """A function that saves a value in a checkpoint, and loads it as data."""
    allow_mmengine_checkpoints()

    def save_and_load(value):
        torch.save(dict(value=value), tmp_path / 'checkpoint.pth')
        return torch.load(tmp_path / 'checkpoint.pth', weights_only=True)['value']

    return save_and_load


@pytest.fixture(autouse=True)
def unchanged_class():
    before = dict(HistoryBuffer._statistics_methods), dict(vars(HistoryBuffer))
    yield
    assert (dict(HistoryBuffer._statistics_methods), dict(vars(HistoryBuffer))) == before


@pytest.mark.parametrize('value', PLAIN, ids=repr)
def test_plain_numbers_are_loaded_as_saved(load, value):
    for loaded in (load(value), load(load(value))):
        assert loaded.dtype == value.dtype.newbyteorder('=')
        np.testing.assert_array_equal(loaded, value)


@pytest.mark.parametrize('value', DATA, ids=repr)
def test_plain_data_is_loaded_as_saved(load, value):
    for loaded in (load(value), load(load(value))):
        assert type(loaded) is type(value)
        assert loaded == value


def test_loaded_array_is_pickled_as_a_plain_array(load):
    loaded = load(np.arange(3.0))
    assert type(pickle.loads(pickle.dumps(loaded))) is np.ndarray


def test_history_buffer_is_loaded_as_saved(load):
    buffer = HistoryBuffer([1.0, 3.0], [1, 1], max_length=7)
    loaded = load(load(buffer))
    assert type(loaded) is HistoryBuffer
    assert loaded.max_length == 7
    assert [array.tolist() for array in loaded.data] == [[1, 3], [1, 1]]
    assert {type(array) for array in loaded.data} == {np.ndarray}
    assert loaded.statistics('mean') == 2
    loaded.update(5.0)
    assert loaded.max() == 5


@pytest.mark.parametrize('name', ['_annealing_cos', '_annealing_linear'])
def test_functions_of_the_one_cycle_schedule_are_loaded(load, name):
    assert load(getattr(OneCycleParamScheduler, name)) is getattr(OneCycleParamScheduler, name)


REFUSED_ATTRIBUTES = [
    (HistoryBuffer, '_statistics_methods'),
    (HistoryBuffer, '__init__'),
    (HistoryBuffer, '__setstate__'),
    (HistoryBuffer, '__dict__'),
    (HistoryBuffer, '__class__'),
    (HistoryBuffer, 'register_statistics'),
    (HistoryBuffer, 'update'),
    (HistoryBuffer([1.0], [1]), 'mean'),
    (HistoryBuffer([1.0], [1]), '_statistics_methods'),
    (OneCycleParamScheduler, '__init__'),
    (OneCycleParamScheduler, '_get_value'),
    (np.ndarray, 'tofile'),
    (np.arange(3.0), 'tofile'),
    (torch.Size, '__class__'),
    ('text', 'format'),
]


# An id must not contain the address of an object: test runs in parallel compare ids.
@pytest.mark.parametrize('arguments', REFUSED_ATTRIBUTES, ids=range(len(REFUSED_ATTRIBUTES)))
def test_other_attributes_are_refused(load, arguments):
    with pytest.raises(pickle.UnpicklingError, match='which is not allowed'):
        load(Pickled(getattr, arguments))


REFUSED_CALLS = [
    (os.system, ('exit',)),
    (subprocess.Popen, (['true'],)),
    (eval, ('1',)),
    (setattr, (HistoryBuffer, 'mean', None)),
    (HistoryBuffer, ([1.0], [1])),
    # An object array over bytes would be made of any addresses.
    (np.ndarray, ((1,), np.dtype('f8'), bytearray(8))),
    (np.dtype, ('O',)),
    (np.dtype, ('V8',)),
    (np.dtype, ('U3,O',)),
    (bytes, (9,)),
    (type(Path()), (b'data',)),
    (ConfigDict, ([('a', 1)],)),
    (np.dtype, ([('a', 'f8')],)),
    (np.array(0).__reduce__()[0], (HistoryBuffer, (0,), b'b')),
]


@pytest.mark.parametrize(('function', 'arguments'), REFUSED_CALLS, ids=str)
def test_calls_of_other_functions_are_refused(load, function, arguments):
    with pytest.raises(
        pickle.UnpicklingError, match=r'not allowed|not an allowed global|is blocked'
    ):
        load(Pickled(function, arguments))


def test_state_of_a_buffer_does_not_change_its_class(tmp_path, monkeypatch, load):
    # torch.save needs a real object to pickle it with NEWOBJ, as MMEngine's are.
    poison = dict(statistics_methods=dict(mean=HistoryBuffer.max, evil='text'))
    state = {**vars(HistoryBuffer([1.0, 3.0], [1, 1])), **poison, 'other': 'text'}
    with monkeypatch.context() as patch:
        patch.setattr(HistoryBuffer, '__getstate__', lambda self: state)
        torch.save(HistoryBuffer(), tmp_path / 'poison.pth')
    loaded = torch.load(tmp_path / 'poison.pth', weights_only=True)
    assert loaded.statistics('mean') == 2
    assert not hasattr(loaded, 'other')


@pytest.mark.parametrize(
    'state',
    [
        'text',
        dict(max_length='9', _log_history=np.ones(1), _count_history=np.ones(1)),
        dict(max_length=9, _log_history=[1.0], _count_history=np.ones(1)),
        dict(max_length=9, _log_history=np.ones(1), _count_history=np.ones((1, 1))),
    ],
    ids=str,
)
def test_buffer_of_another_form_is_refused(tmp_path, monkeypatch, load, state):
    with monkeypatch.context() as patch:
        patch.setattr(HistoryBuffer, '__getstate__', lambda self: state)
        torch.save([HistoryBuffer()], tmp_path / 'poison.pth')
    with pytest.raises(pickle.UnpicklingError, match=r'a HistoryBuffer .*, which is not allowed'):
        torch.load(tmp_path / 'poison.pth', weights_only=True)


@pytest.mark.parametrize(
    'state',
    [
        (3, '<', None, None, None, -1, -1, 63),  # flags of a type that holds objects
        (3, '<', None, ('a',), {'a': (1, 2)}, -1, -1, 0),
        (3, '=', None, None, None, 1 << 30, -1, 0),
        (3, '<', None, None, None, 12, 4, 8),  # of a text
    ],
)
def test_dtype_with_flags_fields_or_sizes_is_refused(load, state):
    with pytest.raises(pickle.UnpicklingError, match='a dtype with the state'):
        load(Pickled(np.dtype, ('f8', False, True), state))
    assert not np.dtype('f8').hasobject


@pytest.mark.parametrize('size', [8, 16, -1])
def test_text_with_another_size_is_refused(load, size):
    with pytest.raises(pickle.UnpicklingError, match='a dtype with the state'):
        load(Pickled(np.dtype, ('U3', False, True), (3, '<', None, None, None, size, 4, 8)))


def test_text_that_is_not_unicode_is_refused(load):
    function, arguments, state = np.array(['cat']).__reduce__()
    state = (*state[:-1], b'\xff' * 12)
    with pytest.raises(pickle.UnpicklingError, match='a text that is not Unicode'):
        load(Pickled(function, arguments, state))
    function, (kind, _) = np.str_('cat').__reduce__()
    with pytest.raises(pickle.UnpicklingError, match='a text that is not Unicode'):
        load(Pickled(function, (kind, b'\xff' * 12)))


def test_array_whose_bytes_do_not_fit_is_refused(load):
    empty, arguments, _ = np.arange(3.0).__reduce__()
    for state in (
        (1, (4,), np.dtype('f8'), False, b'\0' * 24),
        (1, (-1,), np.dtype('f8'), False, b''),
        (1, (3,), np.dtype('f8'), False, [1.0, 2.0, 3.0]),
        (1, (3,), 'f8', False, b'\0' * 24),
    ):
        with pytest.raises((pickle.UnpicklingError, ValueError)):
            load(Pickled(empty, arguments, state))


def test_array_is_filled_only_once(load):
    empty, arguments, state = np.arange(3.0).__reduce__()
    twice = Pickled(empty, arguments, state)
    loaded = load(twice)
    with pytest.raises(pickle.UnpicklingError):
        loaded.__setstate__(state)
    np.testing.assert_array_equal(loaded, np.arange(3.0))


USER = """
import numpy as np, sys, torch
from mmengine.logging import HistoryBuffer
allowed = dict(
    none=[],
    numpy=[np.ndarray, np.dtype, np.array(0).__reduce__()[0], type(np.dtype('f8'))],
    scalar=[np.float64(0).__reduce__()[0]],
    buffer=[getattr, HistoryBuffer],
)
torch.serialization.add_safe_globals(allowed[sys.argv[1]])
from bls_mm.compat import allow_mmengine_checkpoints
allow_mmengine_checkpoints()
allow_mmengine_checkpoints()
saved = dict(buffer=HistoryBuffer([1.0], [1]), array=np.arange(3), number=np.float64(3))
torch.save(saved, sys.argv[2])
loaded = torch.load(sys.argv[2], weights_only=True)
print(loaded['buffer'].mean(), loaded['array'].tolist(), float(loaded['number']))
"""


@pytest.mark.parametrize('allowed', ['none', 'numpy', 'scalar', 'buffer'])
def test_names_that_the_user_has_allowed_stay_allowed(tmp_path, allowed):
    command = [sys.executable, '-c', USER, allowed, str(tmp_path / 'checkpoint.pth')]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '1.0 [0, 1, 2] 3.0'
