"""Keeps everything."""

from bls_mm.registry import PRUNERS

from .pruner import Pruner


@PRUNERS.register_module()
class NoPruning(Pruner):
    """Keeps every sample: scores are recorded, nothing is pruned. The baseline of a comparison."""

    needs_scores = False
    shardable = True

    def __init__(self) -> None:
        super().__init__(delta=1.0)

    def prune(self, scores, scored, epoch, rng):
        return scored, None
