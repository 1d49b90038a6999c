"""Planning: turns the choice of a pruner into the plan of an epoch."""

from .build_planner import build_planner
from .epoch_plan import EpochPlan
from .guard import Guard
from .min_fraction import MinFraction
from .planner import Planner
from .recommended import is_auto, recommended
from .revisit import Revisit

__all__ = [
    'EpochPlan',
    'Guard',
    'MinFraction',
    'Planner',
    'Revisit',
    'build_planner',
    'is_auto',
    'recommended',
]
