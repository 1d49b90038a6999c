"""Which samples stay?"""

from .dynamic_random import DynamicRandom
from .epsilon_greedy import EpsilonGreedy
from .fewer_passes import FewerPasses
from .info_batch import InfoBatch
from .no_pruning import NoPruning
from .pruner import Pruner
from .selection import GroupWeights, Selection
from .seta import SeTa
from .static_random import StaticRandom
from .static_subset import StaticSubset
from .ucb import UCB

__all__ = [
    'UCB',
    'DynamicRandom',
    'EpsilonGreedy',
    'FewerPasses',
    'GroupWeights',
    'InfoBatch',
    'NoPruning',
    'Pruner',
    'SeTa',
    'Selection',
    'StaticRandom',
    'StaticSubset',
]
