"""Distributed: where scores are, and how ranks agree on them.

The placements of scores: ``'replicated'``, all of them on every rank; ``'shared'``, all of them
once per node (Linux); ``'sharded'``, each rank holds the scores of its own samples and trains on no
others. The last two are for hundreds of millions of samples.
"""

from .placement import Replicated, Shared
from .score_store import ScoreStore
from .sharded import Sharded

PLACEMENTS = {'replicated': Replicated, 'shared': Shared, 'sharded': Sharded}

__all__ = ['PLACEMENTS', 'Replicated', 'ScoreStore', 'Sharded', 'Shared']
