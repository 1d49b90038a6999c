"""Train on all samples."""

from bls_mm.registry import PRUNERS

from .pruner import Pruner


@PRUNERS.register_module()
class NoPruning(Pruner):
    """Keeps every sample; scores are still recorded. The baseline of a comparison."""

    delta = 1.0
    needs_scores = False
    shardable = True

    def prune(self, scores, scored, rng, progress):
        return scored, None
