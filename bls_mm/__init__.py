"""Dynamic data pruning for OpenMMLab: train each epoch on the samples that matter.

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
from .config import attach_bls
from .data import PrunedLoader
from .hooks import BLSHook
from .planning import EpochPlan, Planner
from .pruners import Progress, Pruner
from .registry import PRUNERS, SCORERS
from .samplers import BLSSampler, MultiSourceBLSSampler
from .scorers import Scorer

__version__ = '0.1.0'

name_package()

__all__ = [
    'PRUNERS',
    'SCORERS',
    'BLSHook',
    'BLSSampler',
    'EpochPlan',
    'MultiSourceBLSSampler',
    'Planner',
    'Progress',
    'PrunedLoader',
    'Pruner',
    'Scorer',
    'attach_bls',
]
