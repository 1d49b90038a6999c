"""Closes the two version gaps of the ecosystem, where they exist."""

import importlib
import importlib.util
import sys


def allow_mmocr() -> None:
    """Imports MMOCR beside an mmdet that it refuses.

    MMOCR 1.0.1 asserts mmdet < 3.2.0 at import; its own main branch, never released, accepts 3.3.0,
    and works with it. So for the moment of the import mmdet presents a version that is accepted.
    """
    if 'mmocr' in sys.modules or importlib.util.find_spec('mmocr') is None:
        return
    try:
        import mmocr  # noqa: F401
    except AssertionError:
        import mmdet

        version = mmdet.__version__
        mmdet.__version__ = '3.1.0'
        try:
            importlib.import_module('mmocr')
        finally:
            mmdet.__version__ = version


def allow_mmengine_checkpoints() -> None:
    """Lets ``torch.load(weights_only=True)`` read what MMEngine itself puts into checkpoints.

    Since torch 2.6 that is the default, and mmengine 0.10.7 cannot resume its own checkpoints: they
    hold ``HistoryBuffer`` objects and numpy arrays. These few classes are allowed, nothing else is.
    """
    import numpy as np
    import torch
    from mmengine.logging import HistoryBuffer

    if not hasattr(torch.serialization, 'add_safe_globals'):
        return
    names = ('numpy.core.multiarray', 'numpy._core.multiarray')  # before and since numpy 2
    arrays = importlib.import_module(names[np.__version__ >= '2'])
    torch.serialization.add_safe_globals(
        [
            HistoryBuffer,
            np.ndarray,
            np.dtype,
            *(type(np.dtype(kind)) for kind in ('f4', 'f8', 'i4', 'i8', 'u1', '?')),
            *((arrays._reconstruct, f'{name}._reconstruct') for name in names),
            *((arrays.scalar, f'{name}.scalar') for name in names),
            # A HistoryBuffer pickles methods of itself, by getattr.
            (_history_buffer_method, 'builtins.getattr'),
        ]
    )


def _history_buffer_method(owner, name: str):
    """Stands in for getattr, and answers for a HistoryBuffer only."""
    from mmengine.logging import HistoryBuffer

    if owner is HistoryBuffer or isinstance(owner, HistoryBuffer):
        return getattr(owner, name)
    raise AttributeError(f'a checkpoint asks for {name!r} of {owner!r}; that is not allowed')
