"""An ablation: gives each sample the score of another sample."""

from typing import Optional, Union

import numpy as np

from bls_mm.planning import PLANNER_OPTIONS
from bls_mm.pruners import Pruner
from bls_mm.registry import PRUNERS, build


@PRUNERS.register_module()
class ShuffledScores(Pruner):
    """Prunes with another pruner on shuffled scores.

    It prunes the same number of samples, in the same epochs and by the same rule as the other
    pruner. The difference in accuracy between the two is therefore the value of the scores.

    The permutation is the same in every epoch. With sharded scores, each rank shuffles its shard.

    Args:
        pruner (dict or Pruner): The other pruner. Options of the planner, such as ``delta`` or
            ``target_savings``, belong to the config of ``ShuffledScores``.

    Examples:
        >>> pruner = dict(
        ...     type='bls_mm.research.ShuffledScores',
        ...     pruner=dict(type='InfoBatch'),
        ...     target_savings=0.3,
        ... )
    """

    def __init__(self, pruner: Union[dict, Pruner]) -> None:
        self.pruner = build(PRUNERS, 'pruner', pruner, Pruner)
        self.delta = self.pruner.delta
        self.needs_scores = self.pruner.needs_scores
        self.shardable = self.pruner.shardable
        self.anneals_on_all = self.pruner.anneals_on_all
        self.steerable = self.pruner.steerable

    @property
    def prune_ratio(self) -> Optional[float]:
        """The ratio of the other pruner, None if it has none."""
        return self.pruner.prune_ratio

    def set_prune_ratio(self, prune_ratio):
        self.pruner.set_prune_ratio(prune_ratio)

    def rank_by(self, scores, visits):
        permutation = np.random.default_rng(0).permutation(len(scores))
        return self.pruner.rank_by(scores[permutation], visits)

    def prune(self, scores, scored, rng, progress):
        return self.pruner.prune(scores, scored, rng, progress)

    def anneal(self, num_samples, rng, progress):
        return self.pruner.anneal(num_samples, rng, progress)

    def state_dict(self):
        return self.pruner.state_dict()

    def load_state_dict(self, state):
        self.pruner.load_state_dict(state)


def shuffle_scores(cfg: dict) -> dict:
    """Wraps the config of a pruner into a config of :class:`ShuffledScores`.

    Args:
        cfg (dict): Config of a pruner, with any options of the planner.

    Returns:
        dict: Config of the ablation.
    """
    planner = {name: value for name, value in cfg.items() if name in PLANNER_OPTIONS}
    own = {name: value for name, value in cfg.items() if name not in PLANNER_OPTIONS}
    return dict(type='bls_mm.research.ShuffledScores', pruner=own, **planner)
