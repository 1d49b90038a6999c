"""What ``torch.load(weights_only=True)`` may build from a checkpoint of MMEngine: plain data only.

MMEngine's checkpoints contain ``HistoryBuffer`` objects, numpy arrays and scalars of numbers, and
for a one-cycle schedule a function. The meta information of a data set may also contain numpy
strings, paths and parts of a config. To allow the real classes is unsafe:
``HistoryBuffer.__setstate__`` changes its class, ``numpy.dtype`` accepts flags, and
``numpy.ndarray`` builds object arrays from bytes. The stand-ins of this module accept exactly what
MMEngine pickles. Checked with mmengine 0.10.7, numpy 1.26 and torch 2.11.
"""

import pickle
import re
from pathlib import Path
from typing import Any, Callable, Dict, NoReturn

import numpy as np
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler

NUMBERS = ('f2', 'f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'b1')
TEXT = re.compile(r'[US]\d+')  # strings and bytes of a fixed length
STATISTICS = ('min', 'max', 'current', 'mean')
ANNEALING = ('_annealing_cos', '_annealing_linear')


class PlainType:
    """Stands in for ``numpy.dtype``: types of plain numbers and of text.

    Attributes:
        dtype (np.dtype): The type.
    """

    def __init__(self, name: str, align: bool = False, copy: bool = False) -> None:
        if name not in NUMBERS and not (isinstance(name, str) and TEXT.fullmatch(name)):
            refuse(f'an array of type {name!r}')
        self.dtype = np.dtype(name)

    def __setstate__(self, state: tuple) -> None:
        _, byte_order, *rest = state
        # Without fields and flags of its own: the state that numpy itself gives this type.
        if byte_order not in ('<', '>', '|') or tuple(rest) != self.dtype.__reduce__()[2][2:]:
            refuse(f'a dtype with the state {state!r}')
        self.dtype = self.dtype.newbyteorder(byte_order)


class PlainArray(np.ndarray):
    """Stands in for ``numpy.ndarray``: numbers or text. It is pickled as a plain array."""

    def __new__(cls, *args, **kwargs) -> NoReturn:
        refuse('a call of numpy.ndarray')

    def __setstate__(self, state: tuple) -> None:
        _, shape, kind, is_fortran, content = state
        # A second call would free memory that a tensor may share.
        if self.size or not isinstance(kind, PlainType) or not isinstance(content, bytes):
            refuse('an array that does not contain plain numbers or text')
        if kind.dtype.itemsize == 0 or any(length < 0 for length in shape):
            refuse('an array of an impossible form')
        _check_text(kind.dtype, content)
        super().__setstate__((1, shape, kind.dtype, bool(is_fortran), content))

    def __reduce__(self) -> tuple:
        return self.view(np.ndarray).__reduce__()


def reconstruct(kind: Any, shape: Any, code: Any) -> PlainArray:
    """Stands in for numpy's ``_reconstruct``: the empty array that ``__setstate__`` fills."""
    if kind is not PlainArray:
        refuse(f'an array of class {kind!r}')
    return np.ndarray.__new__(PlainArray, (0,))


def scalar(kind: Any, content: Any) -> np.generic:
    """Stands in for numpy's ``scalar``: a plain number or a text."""
    is_plain = isinstance(kind, PlainType) and isinstance(content, bytes)
    if not is_plain or len(content) != kind.dtype.itemsize:
        refuse('a scalar that is not a plain number or text')
    _check_text(kind.dtype, content)
    return np.frombuffer(content, kind.dtype)[0] if content else kind.dtype.type()


def no_bytes(*arguments: Any) -> bytes:
    """Stands in for ``bytes``, which an array without elements calls without arguments."""
    return refuse('a call of bytes') if arguments else b''


def path(*parts: Any) -> Path:
    """Stands in for the classes of ``pathlib``: a path, which is only a name."""
    if not all(isinstance(part, str) for part in parts):
        refuse('a path that is not made of text')
    return Path(*parts)


def config_dict(content: Any) -> ConfigDict:
    """Stands in for ``ConfigDict``: a dict of what is allowed itself."""
    if type(content) is not dict:
        refuse('a ConfigDict of another form')
    return ConfigDict(content)


class LoadedBuffer(HistoryBuffer):
    """Stands in for ``HistoryBuffer``: two arrays of numbers. Loading makes it a real one."""

    def __init__(self, *args, **kwargs) -> None:
        refuse('a call of HistoryBuffer')

    def __setstate__(self, state: dict) -> None:
        if not isinstance(state, dict) or not isinstance(state.get('max_length'), int):
            refuse('a HistoryBuffer of another form')
        self.max_length = state['max_length']
        self._log_history = _numbers(state.get('_log_history'))
        self._count_history = _numbers(state.get('_count_history'))
        self._set_default_statistics()  # those of the state would change the class
        self.__class__ = HistoryBuffer


class OneCycle:
    """Stands in for ``OneCycleParamScheduler``, which a checkpoint only names."""


def attribute(owner: Any, name: Any) -> Any:
    """Stands in for ``getattr``: the six functions that MMEngine pickles, by class and name."""
    if (owner is LoadedBuffer or owner is HistoryBuffer) and name in STATISTICS:
        return getattr(HistoryBuffer, name)
    if (owner is OneCycle or owner is OneCycleParamScheduler) and name in ANNEALING:
        return getattr(OneCycleParamScheduler, name)
    return refuse(f'{name!r} of {owner!r}')


def refuse(what: str) -> NoReturn:
    """Raises the error for a checkpoint that contains something else.

    Raises:
        pickle.UnpicklingError: Always.
    """
    raise pickle.UnpicklingError(f'the checkpoint contains {what}, which is not allowed')


def _numbers(array: Any) -> np.ndarray:
    if not isinstance(array, np.ndarray) or array.ndim != 1 or array.dtype.kind not in 'fiub':
        refuse('a HistoryBuffer that does not contain plain numbers')
    return np.asarray(array)


def _check_text(dtype: np.dtype, content: bytes) -> None:
    """Refuses bytes that are no text: numpy would not notice before the text is read."""
    if dtype.kind == 'U':
        try:
            content.decode('utf-32-be' if dtype.byteorder == '>' else 'utf-32-le', 'surrogatepass')
        except UnicodeDecodeError:
            refuse('a text that is not Unicode')


# Before and since numpy 2. ``np.array(0).__reduce__()`` names the function of this version.
_MODULES = ('numpy.core.multiarray', 'numpy._core.multiarray')
_PATHS = ('PosixPath', 'WindowsPath', 'PurePosixPath', 'PureWindowsPath')
_SCHEDULER = 'mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler'

#: Name in a pickle to the stand-in.
STAND_INS: Dict[str, Callable] = {
    'mmengine.logging.history_buffer.HistoryBuffer': LoadedBuffer,
    _SCHEDULER: OneCycle,
    'builtins.getattr': attribute,  # both pickle their methods with it
    'builtins.bytes': no_bytes,
    'mmengine.config.config.ConfigDict': config_dict,
    # `pathlib._local` in Python 3.13.
    **{f'{module}.{name}': path for module in ('pathlib', 'pathlib._local') for name in _PATHS},
    'numpy.ndarray': PlainArray,
    'numpy.dtype': PlainType,
    **{f'{module}._reconstruct': reconstruct for module in _MODULES},
    **{f'{module}.scalar': scalar for module in _MODULES},
}

#: Name in a pickle to numpy's own class or function, for users who have allowed some of them.
NUMPY: Dict[str, Callable] = {
    'numpy.ndarray': np.ndarray,
    'numpy.dtype': np.dtype,
    **{f'{module}._reconstruct': np.array(0).__reduce__()[0] for module in _MODULES},
    **{f'{module}.scalar': np.float64(0).__reduce__()[0] for module in _MODULES},
    **{
        f'{kind.__module__}.{kind.__qualname__}': kind
        for kind in (type(np.dtype(name)) for name in (*NUMBERS, 'U1', 'S1'))
    },
}
