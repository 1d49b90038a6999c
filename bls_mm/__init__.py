"""Dynamic data pruning for OpenMMLab: train on fewer samples at the same accuracy.

Importing it registers ``BLSSampler`` and ``BLSHook`` in MMEngine's root registries.
"""

try:
    import mmengine  # noqa: F401
except ImportError as error:
    raise ImportError(
        'bls_mm needs MMEngine, but it is not installed; install mmengine, or its maintained fork '
        'onedl-mmengine'
    ) from error

from .compat import name_package
from .hooks import BLSHook
from .loader import PrunedLoader
from .pruners import Pruner, Selection
from .registry import PRUNERS, SCORERS
from .samplers import BLSSampler
from .scorers import Scorer

__version__ = '0.1.0'

name_package()

__all__ = [
    'PRUNERS',
    'SCORERS',
    'BLSHook',
    'BLSSampler',
    'PrunedLoader',
    'Pruner',
    'Scorer',
    'Selection',
]
