"""Closes the gaps of the ecosystem, where they exist."""

import importlib
import importlib.util
import sys
import warnings
from typing import Callable, List, Optional

#: Libraries that refuse a package beside them, and a version of it that they accept.
ACCEPTED = {'mmocr': ('mmdet', '3.1.0'), 'mmyolo': ('mmcv', '2.0.1')}


def name_package() -> None:
    """Enters bls_mm into MMEngine's table of packages whose configs ``bls_mm::...`` may name."""
    from mmengine.config.utils import MODULE2PACKAGE

    # Named by a module, not by the distribution: beside that MMEngine would look for the package,
    # where an editable install has none. A module's own folder is right in every install.
    MODULE2PACKAGE.setdefault('bls_mm', 'bls_mm.compat')


def import_library(name: Optional[str]) -> None:
    """Imports a library of OpenMMLab, also beside a package that it refuses.

    MMOCR 1.0.1 asserts mmdet < 3.2.0 at import; its own main branch, never released, accepts 3.3.0.
    MMYOLO 0.6.0 asserts mmcv < 2.1.0. Both work with what they refuse. So for the moment of the
    import that package presents a version that is accepted.

    Args:
        name (str, optional): The library, such as the ``default_scope`` of a config. Nothing is
            done for a name that MMEngine does not know.

    Raises:
        ModuleNotFoundError: If the library is not installed.
    """
    from mmengine.config.utils import MODULE2PACKAGE

    if name in sys.modules or name not in MODULE2PACKAGE:
        return
    if importlib.util.find_spec(name) is None:
        raise ModuleNotFoundError(
            f'the config needs {name!r}, which is not installed; install {MODULE2PACKAGE[name]}'
        )
    try:
        importlib.import_module(name)
    except AssertionError:
        if name not in ACCEPTED:
            raise
        package, accepted = ACCEPTED[name]
        refused = importlib.import_module(package)
        version, refused.__version__ = refused.__version__, accepted
        try:
            importlib.import_module(name)
        finally:
            refused.__version__ = version


def allow_mmocr() -> None:
    """Imports MMOCR. The name of version 0.1 of ``import_library('mmocr')``."""
    warnings.warn("use bls_mm.compat.import_library('mmocr')", DeprecationWarning, stacklevel=2)
    import_library('mmocr')


def loader_configs(cfg) -> List[dict]:
    """Returns the loaders of a config; validation and test may have a list of them (MMagic)."""
    names = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    values = [cfg.get(name) for name in names]
    parts = [value if isinstance(value, (list, tuple)) else [value] for value in values]
    return [part for value in parts for part in value if isinstance(part, dict)]


def complete_loaders(cfg) -> None:
    """Sets what MMPretrain's own train.py and test.py set for loaders, where a config does not.

    Workers live on between epochs, memory is pinned, and the images of a batch are stacked.

    Args:
        cfg (Config): The config, changed in place; one of another library stays as it is.
    """
    import torch

    if cfg.get('default_scope') != 'mmpretrain':
        return
    for loader in loader_configs(cfg):
        loader.setdefault('pin_memory', torch.cuda.is_available())
        loader.setdefault('persistent_workers', loader.get('num_workers', 0) > 0)
        loader.setdefault('collate_fn', dict(type='default_collate'))


def drop_scope_of_collate_functions(cfg) -> None:
    """Removes the scope that MMEngine gives to collate functions of another package's config.

    MMEngine 0.10.7 adds ``_scope_`` to what ``_base_ = 'mmyolo::...'`` reads, and then passes it to
    the collate function as an argument.

    Args:
        cfg (Config): The config, changed in place.
    """
    for loader in loader_configs(cfg):
        collate_fn = loader.get('collate_fn')
        if isinstance(collate_fn, dict):
            collate_fn.pop('_scope_', None)


def allow_mmengine_checkpoints() -> None:
    """Lets ``torch.load(weights_only=True)`` read what MMEngine itself puts into checkpoints.

    Since torch 2.6 that is the default, and mmengine 0.10.7 cannot resume its own checkpoints. Only
    the stand-ins of :mod:`bls_mm.unpickling` are allowed. What the user has allowed stays allowed.
    """
    import torch

    from .unpickling import NUMPY, STAND_INS

    if torch.__version__ < '2.6':  # reads every pickle by default, and knows no stand-ins
        return
    ours = {(allowed, name) for table in (STAND_INS, NUMPY) for name, allowed in table.items()}
    of_user = {
        entry[1] if isinstance(entry, tuple) else f'{entry.__module__}.{entry.__qualname__}'
        for entry in torch.serialization.get_safe_globals()
        if entry not in ours
    }
    allowed = dict(STAND_INS)
    if any(name.startswith('numpy') for name in of_user):
        allowed.update(NUMPY)  # the stand-ins and the user's classes cannot read one array together
    torch.serialization.add_safe_globals(
        [(entry, name) for name, entry in allowed.items() if name not in of_user]
    )


def disable_compile(function: Callable) -> Callable:
    """Returns the function such that ``torch.compile`` does not trace it.

    ``torch.compiler`` is new in torch 2.1; torch 2.0 has the same in ``torch._dynamo``.
    """
    import torch

    if not hasattr(torch, 'compiler'):
        import torch._dynamo

        return torch._dynamo.disable(function)
    return torch.compiler.disable(function)
