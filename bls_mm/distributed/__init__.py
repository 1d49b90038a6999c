"""Distributed: where scores are, and how ranks agree on them.

Scores have one of three placements:

- ``'replicated'``: every rank holds all scores.
- ``'shared'``: the ranks of a node share one copy (Linux).
- ``'sharded'``: each rank holds the scores of its own samples, and trains only on these.

The last two are for hundreds of millions of samples.
"""

from .placement import Placement, Replicated, Shared
from .score_store import ScoreStore
from .sharded import Sharded

PLACEMENTS = {'replicated': Replicated, 'shared': Shared, 'sharded': Sharded}

__all__ = ['PLACEMENTS', 'Placement', 'Replicated', 'ScoreStore', 'Sharded', 'Shared']
