"""Pruners: select the samples that an epoch keeps. One method per file."""

from .coverage_centric import CoverageCentric
from .dynamic_random import DynamicRandom
from .epsilon_greedy import EpsilonGreedy
from .fewer_passes import FewerPasses
from .group_weights import GroupWeights
from .info_batch import InfoBatch
from .kakurenbo import Kakurenbo
from .no_pruning import NoPruning
from .order_dp import OrderDP
from .progress import Progress
from .pruner import Pruner
from .repb import RePB
from .selective_backprop import SelectiveBackprop
from .seta import SeTa
from .static_random import StaticRandom
from .static_subset import StaticSubset
from .ucb import UCB

__all__ = [
    'UCB',
    'CoverageCentric',
    'DynamicRandom',
    'EpsilonGreedy',
    'FewerPasses',
    'GroupWeights',
    'InfoBatch',
    'Kakurenbo',
    'NoPruning',
    'OrderDP',
    'Progress',
    'Pruner',
    'RePB',
    'SeTa',
    'SelectiveBackprop',
    'StaticRandom',
    'StaticSubset',
]
