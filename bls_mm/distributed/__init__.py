"""Distributed: where scores are, and how ranks agree on them."""

from .placement import Replicated, Shared
from .score_store import ScoreStore
from .sharded import Sharded

PLACEMENTS = {'replicated': Replicated, 'shared': Shared, 'sharded': Sharded}

__all__ = ['PLACEMENTS', 'Replicated', 'ScoreStore', 'Sharded', 'Shared']
