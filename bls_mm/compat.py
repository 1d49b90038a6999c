"""Closes the gaps of the ecosystem, where they exist."""

import importlib
import importlib.util
import sys


def name_package() -> None:
    """Enters bls_mm into MMEngine's table of packages whose configs ``bls_mm::...`` may name."""
    from mmengine.config.utils import MODULE2PACKAGE

    # Named by a module, not by the distribution: beside that MMEngine would look for the package,
    # where an editable install has none. A module's own folder is right in every install.
    MODULE2PACKAGE.setdefault('bls_mm', 'bls_mm.compat')


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
    hold ``HistoryBuffer`` objects, numpy arrays and, of a one-cycle schedule, a function. These few
    are allowed, nothing else is.
    """
    import numpy as np
    import torch
    from mmengine.logging import HistoryBuffer
    from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler

    if not hasattr(torch.serialization, 'add_safe_globals'):
        return
    names = ('numpy.core.multiarray', 'numpy._core.multiarray')  # before and since numpy 2
    arrays = importlib.import_module(names[np.__version__ >= '2'])
    torch.serialization.add_safe_globals(
        [
            HistoryBuffer,
            OneCycleParamScheduler,
            np.ndarray,
            np.dtype,
            *(type(np.dtype(kind)) for kind in ('f4', 'f8', 'i4', 'i8', 'u1', '?')),
            *((arrays._reconstruct, f'{name}._reconstruct') for name in names),
            *((arrays.scalar, f'{name}.scalar') for name in names),
            # Both pickle methods of themselves, by getattr.
            (_method_of_mmengine, 'builtins.getattr'),
        ]
    )


def _method_of_mmengine(owner, name: str):
    """Stands in for getattr, and answers for what MMEngine pickles only."""
    from mmengine.logging import HistoryBuffer
    from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler

    if owner is HistoryBuffer or isinstance(owner, HistoryBuffer):
        return getattr(owner, name)
    if owner is OneCycleParamScheduler and name in ('_annealing_cos', '_annealing_linear'):
        return getattr(owner, name)
    raise AttributeError(f'a checkpoint asks for {name!r} of {owner!r}; that is not allowed')
