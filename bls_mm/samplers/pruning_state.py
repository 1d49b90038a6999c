"""Scores, planner and plan of a run: what a checkpoint must hold to continue it."""

import time
from typing import Optional, Sized, Union

import numpy as np

from bls_mm.distributed import PLACEMENTS, Placement, ScoreStore
from bls_mm.planning import EpochPlan, Planner, build_planner, is_auto
from bls_mm.pruners import Pruner
from bls_mm.registry import SCORERS, build
from bls_mm.scorers import Scorer

from .options import check_scorer
from .order import SELECT, epoch_generator
from .sampler_state import as_arrays, as_tensors, map_arrays, pack, unpack


class PruningState:
    """Plans epochs from scores, and saves and loads both.

    Args:
        store (ScoreStore): The scores.
        planner (Planner): Plans with them.
        placement (Placement): Where scores are.
        seed (int): Seed of the run.
        is_recommended (bool): Whether the pruner was given as ``'auto'``. Defaults to False.

    Attributes:
        plan (EpochPlan): The planned epoch; all samples until the first plan.
        epoch (int): Number of the planned epoch, from 0.
        is_planned (bool): Whether an epoch was planned yet.
        planning_seconds (float): Total time spent on planning.
    """

    def __init__(
        self,
        store: ScoreStore,
        planner: Planner,
        placement: Placement,
        seed: int,
        is_recommended: bool = False,
    ) -> None:
        self.store = store
        self.planner = planner
        self.placement = placement
        self.seed = seed
        self.is_recommended = is_recommended
        self.plan = EpochPlan.full(placement.local_size, placement)
        self.epoch = 0
        self.is_planned = False
        self.planning_seconds = 0.0
        self._gathered: Optional[dict] = None

    def plan_epoch(self, epoch: int, max_epochs: Optional[int]) -> None:
        """Plans an epoch with the scores of the last sync; see :meth:`Planner.plan`."""
        start = time.perf_counter()
        scorer = self.store.scorer
        rng = epoch_generator(self.seed, epoch, SELECT)
        scores, visits = read_only(scorer.scores.numpy()), read_only(scorer.visits.numpy())
        self.plan = self.planner.plan(scores, visits, epoch, max_epochs, rng, self.seed)
        self.epoch, self.is_planned = epoch, True
        self.planning_seconds += time.perf_counter() - start

    def use_plan(self, plan: EpochPlan) -> None:
        """Replaces the plan of the epoch."""
        self.plan = plan

    def use_full_plan(self) -> None:
        """Replaces the plan of the epoch by one of all samples."""
        self.plan = EpochPlan.full(self.placement.local_size, self.placement)

    def train_on_all(self) -> None:
        """Trains on all samples in the planned epoch after all."""
        self.use_full_plan()
        self.planner.record(self.epoch, self.plan)

    def gather(self) -> None:
        """Scores pending losses and prepares :meth:`state_dict`; all ranks must call it together.

        With ``placement='sharded'`` rank 0 then holds the scores of all samples, until it is called
        again.
        """
        self.store.sync()
        if self.placement.size > 1:
            self._gathered = pack(map_arrays(self._as_arrays(), self.placement.gather))

    def state_dict(self) -> dict:
        """Returns what a resumed run needs, also within an epoch: tensors and plain numbers.

        On several ranks all must call :meth:`gather` first. The state does not depend on the
        placement or the number of ranks: any other run can load it.

        Raises:
            RuntimeError: If scores are sharded and were not gathered, or this is not rank 0.
        """
        if self.placement.size == 1:
            return pack(self._as_arrays())
        if self._gathered is None or self.placement.rank > 0:
            raise RuntimeError(
                "with placement='sharded' only rank 0 has the state of all samples; call "
                'sampler.gather_state() on all ranks, then state_dict() on rank 0'
            )
        return self._gathered

    def load_state_dict(self, state: dict) -> None:
        """Loads the state of an earlier run; all ranks must call it together.

        Args:
            state (dict): What :meth:`state_dict` returned, in this version or in version 0.1.

        Raises:
            ValueError: If the state belongs to another data set length, or another scorer, or is
                damaged.
        """
        try:
            self._load(state)
        except ValueError:
            raise
        except Exception as error:  # a damaged state has any content
            raise ValueError(
                f'the state of BLSSampler in the checkpoint is damaged ({type(error).__name__}: '
                f'{error}); resume from another checkpoint, or forget the scores with '
                'BLSHook(reset_scores=True)'
            ) from error

    def _load(self, state: dict) -> None:
        num_samples = self.placement.num_samples
        state = map_arrays(unpack(state, num_samples), self.placement.take)
        self.store.load_state_dict(as_tensors(state['scorer']))
        if self.placement.size > 1:
            map_arrays(state['planner'], self._check_length)
        self.planner.load_state_dict(state['planner'])
        self.seed = int(state['seed'])
        self.is_planned = 'plan' in state
        if self.is_planned:
            self.epoch = int(state['epoch'])
            plan = state['plan']
            self.plan = EpochPlan.from_mask(plan.mask, plan.group_weights, self.placement)

    def _check_length(self, array: np.ndarray) -> np.ndarray:
        if array.shape != (self.placement.local_size,):
            raise TypeError(f'an array of shape {array.shape}')
        return array

    def _as_arrays(self) -> dict:
        state = {
            'seed': self.seed,
            'scorer': as_arrays(self.store.scorer.state_dict()),
            'planner': self.planner.state_dict(),
        }
        if self.is_planned:
            state.update(epoch=self.epoch, plan=self.plan)
        return state


def read_only(array: np.ndarray) -> np.ndarray:
    """Returns a view of an array through which nobody can change it."""
    view = array.view()
    view.flags.writeable = False
    return view


AUTO = dict(type='ResidualScorer', per_sample='auto')  # what scorer='auto' stands for


def build_state(
    dataset: Sized,
    scorer: Union[dict, str, Scorer, None],
    pruner: Union[dict, str, Pruner],
    placement: str,
    seed: int,
    rank: int,
    world_size: int,
) -> PruningState:
    """Builds what plans the epochs of a run; see :class:`BLSSampler` for the arguments.

    Raises:
        KeyError: If there is no such scorer, pruner or guard.
        TypeError: If a part has no such option, or does not work with the placement.
        ValueError: If an option has a value that is not allowed.
    """
    where = PLACEMENTS[placement](len(dataset), rank, world_size)
    if scorer is None:
        scorer = AUTO if is_auto(pruner) else dict(type='BatchLossScorer')
    scorer = AUTO if scorer == 'auto' else scorer
    scorer = build(SCORERS, 'scorer', scorer, Scorer, num_samples=where.local_size)
    check_scorer(scorer, where.local_size)
    planner = build_planner(pruner, dataset, where)
    for part in (scorer, *planner.parts):
        if where.size > 1 and not part.shardable:
            raise TypeError(
                f"{type(part).__name__} does not work with placement='sharded', where each rank "
                "knows the scores of its own samples only; use placement='replicated'"
            )
    store = ScoreStore(scorer, where, world_size)
    return PruningState(store, planner, where, seed, is_auto(pruner))
