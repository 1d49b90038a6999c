"""Which samples stay?"""

from .coverage_centric import CoverageCentric
from .dynamic_random import DynamicRandom
from .epsilon_greedy import EpsilonGreedy
from .fewer_passes import FewerPasses
from .guards import Guard, MinShare, Revisit
from .info_batch import InfoBatch
from .kakurenbo import Kakurenbo
from .no_pruning import NoPruning
from .order_dp import OrderDP
from .pruner import Pruner
from .selection import GroupWeights, Selection
from .selective_backprop import SelectiveBackprop
from .seta import SeTa
from .static_random import StaticRandom
from .static_subset import StaticSubset
from .steered import SteeredPruner, build_pruner
from .ucb import UCB

__all__ = [
    'UCB',
    'CoverageCentric',
    'DynamicRandom',
    'EpsilonGreedy',
    'FewerPasses',
    'GroupWeights',
    'Guard',
    'InfoBatch',
    'Kakurenbo',
    'MinShare',
    'NoPruning',
    'OrderDP',
    'Pruner',
    'Revisit',
    'SeTa',
    'Selection',
    'SelectiveBackprop',
    'StaticRandom',
    'StaticSubset',
    'SteeredPruner',
    'build_pruner',
]
