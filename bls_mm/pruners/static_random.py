"""One random subset for the whole run."""

import numpy as np

from bls_mm.registry import PRUNERS

from .choose import thin
from .pruner import Pruner, check_share


@PRUNERS.register_module()
class StaticRandom(Pruner):
    """Trains every epoch on the same uniform subset: what dynamic pruning improves on.

    The subset follows from the seed of the run, and is the same in every epoch and on every rank.
    It looks at no score. "Random" in table 2 of the Batch Loss Score's paper (whose reference code
    takes the first samples of the data set instead).

    Args:
        prune_ratio (float): Share of the samples that is never trained on, in ``[0, 1)``. Defaults
            to 0.3.
        delta (float): Share of the epochs that prune. Defaults to 1.0, no annealing.
    """

    needs_scores = False
    shardable = True
    steerable = False

    def __init__(self, prune_ratio: float = 0.3, delta: float = 1.0) -> None:
        super().__init__(delta)
        check_share('prune_ratio', prune_ratio, below=1)
        self.prune_ratio = prune_ratio

    def prune(self, scores, scored, epoch, rng):
        # The generator of an epoch is spawned from the seed of the run: back to that seed.
        bits = rng.bit_generator
        seeds = bits.seed_seq if hasattr(bits, 'seed_seq') else bits._seed_seq  # numpy < 1.25
        rng_of_run = np.random.default_rng(seeds.entropy)
        return thin(scored, self.prune_ratio, rng_of_run, self.shards), None
