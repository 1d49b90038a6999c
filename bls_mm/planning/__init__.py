"""Planning: turns the choice of a pruner into the plan of an epoch."""

from .build_planner import PLANNER_OPTIONS, build_planner, is_auto, recommended
from .epoch_plan import EpochPlan
from .guard import Guard
from .min_fraction import MinFraction
from .planner import Planner
from .revisit import Revisit

__all__ = [
    'PLANNER_OPTIONS',
    'EpochPlan',
    'Guard',
    'MinFraction',
    'Planner',
    'Revisit',
    'build_planner',
    'is_auto',
    'recommended',
]
