"""The sampler that prunes."""

import logging
import time
from typing import Iterable, Iterator, Optional, Sequence, Sized, Union

import numpy as np
import torch
from mmengine.dist import get_dist_info, sync_random_seed
from mmengine.logging import MessageHub, print_log
from mmengine.registry import DATA_SAMPLERS
from torch.utils.data import Sampler

from bls_mm.pruners import Pruner, Selection, build_pruner
from bls_mm.pruners.selection import keep_all
from bls_mm.registry import SCORERS, build
from bls_mm.scorers import Scorer

from .exchange import ScoredBatches, SeenBatches, exchange_batches, first_loss, round_size
from .layouts import LAYOUTS
from .order import RUN_LENGTHS, ascending_order, random_order
from .plan import deal, epoch_generator, rank_length
from .state import as_arrays, as_tensors, change_samples

SELECT, ORDER = 0, 1  # purposes of an epoch's random generators
AUTO = dict(type='ResidualScorer', per_sample='auto')


@DATA_SAMPLERS.register_module()
class BLSSampler(Sampler):
    """Hands out the samples that are worth training on, anew for each epoch.

    It owns a scorer, which learns from :meth:`update` what each sample is worth, and a pruner,
    which selects by these scores in :meth:`set_epoch`. A drop-in for MMEngine's ``DefaultSampler``.
    All ranks plan the same epoch, from the same scores and the same seed, and get the same number
    of samples. Where scores lie in shards each rank plans its own samples, by what it asks of all
    ranks together: means, counts and histograms.

    Args:
        dataset (Sized): The training set, N samples.
        scorer (dict, str or Scorer): Config of a scorer; ``'auto'`` learns from the loss of each
            sample where the model can tell them, and else from batch losses as well as can be:
            ``dict(type='ResidualScorer', per_sample='auto')``. Defaults to
            ``dict(type='BatchLossScorer')``.
        pruner (dict or Pruner): Config of a pruner. Defaults to ``dict(type='SeTa')``. Every pruner
            also has the options ``target_savings``, ``guards`` and ``placebo`` of
            :class:`SteeredPruner`.
        shuffle (bool): Whether to shuffle the kept samples. Defaults to True.
        seed (int, optional): Seed of selection and order, the same on every rank. Defaults to None,
            a random one that the ranks agree on.
        round_up (bool): Whether to repeat samples so that all ranks get the same number; else the
            surplus is left out. Defaults to True.
        layout (str): Where scores lie. ``'replicated'``: all of them on every rank. ``'shared'``:
            all of them once on every node (Linux). ``'sharded'``: each rank holds those of its own
            share of the samples, and trains on no others; nothing is exchanged but histograms. The
            latter two are for hundreds of millions of samples; see docs/scale.md. Defaults to
            ``'replicated'``.
        run_length (int): How many samples that follow one another in the data set come near one
            another, in the same 65,536 of the order: a power of two up to that. 16 halves what is
            read from an LMDB larger than main memory; see docs/scale.md. Defaults to 1.

    Attributes:
        selection (Selection): What the planned epoch keeps of the samples whose scores are here.
        max_epochs (int, optional): Epochs of the run, set by ``BLSHook``; annealing needs it.
        never_one_of (int, optional): A batch size of which no epoch may leave a batch of one
            sample over, set by ``BLSHook`` for models that cannot train on one (BatchNorm); one
            sample then comes twice.
        epoch (int): The planned epoch.
        planning_seconds (float): Time spent in planning so far.

    Examples:
        >>> sampler = BLSSampler(dataset, pruner=dict(type='InfoBatch', prune_ratio=0.5))
        >>> loader = DataLoader(dataset, batch_size=8, sampler=sampler)
    """

    def __init__(
        self,
        dataset: Sized,
        scorer: Union[dict, str, Scorer] = dict(type='BatchLossScorer'),  # noqa: B006
        pruner: Union[dict, Pruner] = dict(type='SeTa'),  # noqa: B006
        shuffle: bool = True,
        seed: Optional[int] = None,
        round_up: bool = True,
        layout: str = 'replicated',
        run_length: int = 1,
    ) -> None:
        if len(dataset) == 0:
            raise ValueError('dataset is empty; check ann_file, data_root and filter_cfg')
        if layout not in LAYOUTS:
            raise ValueError(f'layout must be one of {", ".join(LAYOUTS)}, but got {layout!r}')
        if not isinstance(run_length, int) or run_length not in RUN_LENGTHS:
            raise ValueError(
                f'run_length must be a power of two from 1 to {RUN_LENGTHS[-1]:,}, but got '
                f'{run_length!r}'
            )
        for option, value in dict(shuffle=shuffle, round_up=round_up).items():
            if not isinstance(value, bool):
                raise ValueError(f'{option} must be True or False, but got {value!r}')
        if seed is not None and (not isinstance(seed, (int, np.integer)) or seed < 0):
            raise ValueError(f'seed must be a whole number, at least 0, or None, but got {seed!r}')
        self.dataset = dataset
        self.rank, self.world_size = get_dist_info()
        scorer = dict(AUTO) if scorer == 'auto' else scorer
        self.shards = LAYOUTS[layout](len(dataset), self.rank, self.world_size)
        num_held = self.shards.num_held
        self._scorer = build(SCORERS, 'scorer', scorer, Scorer, num_samples=num_held)
        self.shards.place(self._scorer)
        self.pruner = build_pruner(pruner, dataset)
        for part in (self._scorer, *self.pruner.parts):
            if self.shards.size > 1 and not part.shardable:
                raise TypeError(
                    f"{type(part).__name__} does not work with layout='sharded', where each rank "
                    "knows the scores of its own samples only; use layout='replicated'"
                )
        self.pruner.shards = self.shards
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.round_up = round_up
        self.run_length = run_length
        self.max_epochs: Optional[int] = None
        self.never_one_of: Optional[int] = None
        self.planning_seconds = 0.0
        self._seen = SeenBatches(num_held)
        self._round_size = round_size(len(dataset), self.world_size)
        self._gathered: Optional[dict] = None
        # Until the first plan the epoch is a full one: MMEngine builds schedules from this length.
        self.epoch = 0
        self.planned = False
        self.keep_all()

    def set_epoch(self, epoch: int) -> None:
        """Plans an epoch: selects its samples by the scores of now.

        An epoch is planned once; to call it again for the same epoch changes nothing.

        Args:
            epoch (int): The epoch, from 0.
        """
        if self.planned and epoch == self.epoch:
            return
        if self.max_epochs is None and _mmengine_trains():
            raise RuntimeError(
                'BLSSampler needs BLSHook in this run; add '
                "default_hooks=dict(bls=dict(type='bls_mm.BLSHook')), or, in a loop of your own "
                'after a run that broke off, set sampler.max_epochs'
            )
        start = time.perf_counter()
        self.epoch = epoch
        selection = self.pruner.select(
            self.scorer.scores.numpy(),
            self.scorer.visits.numpy(),
            epoch,
            self.max_epochs,
            epoch_generator(self.seed, epoch, SELECT),
        )
        self._adopt(selection)
        if not self._kept.all():
            print_log(
                f'BLS: the pruner keeps no sample in epoch {epoch + 1}'
                + (f' on rank {self._kept.argmin()}' if self.num_kept else '')
                + ', which therefore trains on all; choose a smaller prune_ratio',
                logger='current',
                level=logging.WARNING,
            )
            self.keep_all()
        self.planned = True
        self.planning_seconds += time.perf_counter() - start

    def __iter__(self) -> Iterator[int]:
        """Yields this rank's samples of the planned epoch; each call starts the same order anew."""
        for block in deal(self._order, self.rank % self._readers, self._readers, len(self)):
            yield from self.shards.samples_at(block).tolist()

    def _order(self) -> Iterator[np.ndarray]:
        """Yields the order of all ranks that read what lies here, block by block."""
        if not self.shuffle:
            return ascending_order(self.selection, self.shards.num_held)
        rng = self.shards.generator(epoch_generator(self.seed, self.epoch, ORDER))
        return random_order(self.selection, self.shards.num_held, rng, self.run_length)

    @property
    def _readers(self) -> int:
        """How many ranks hand out the samples whose scores lie here: all, or this one."""
        return self.world_size // self.shards.size

    def __len__(self) -> int:
        """This rank's number of samples in the planned epoch, the same on every rank."""
        kept = self._kept.max() if self.round_up else self._kept.min()
        length = rank_length(int(kept), self._readers, self.round_up)
        if self.never_one_of is not None and length % self.never_one_of == 1:
            return length + 1
        return length

    @property
    def num_kept(self) -> int:
        """How many samples the planned epoch keeps, on all ranks together."""
        return int(self._kept.sum())

    @property
    def kept_ratio(self) -> float:
        """Share of the data set that the planned epoch keeps."""
        return self.num_kept / len(self.dataset)

    @property
    def mean_weight(self) -> float:
        """Mean loss weight of the samples that the planned epoch keeps."""
        return self._weight / max(self.num_kept, 1)

    def weights_of(self, indices: Sequence[int]) -> Optional[np.ndarray]:
        """Returns the loss weights of kept samples.

        Args:
            indices (sequence[int]): ``(B,)``, samples of the planned epoch.

        Returns:
            np.ndarray or None: ``(B,)`` float32; None where the plan weighs nothing.
        """
        return self.selection.weights_of(self.shards.positions_of(indices))

    def update(
        self, indices: Union[torch.Tensor, Sequence[int]], loss: Union[torch.Tensor, float]
    ) -> None:
        """Takes in the loss of a batch.

        It waits, so that a step waits for nothing: on several ranks, or on another device than the
        CPU, until :meth:`exchange`; else until enough wait to be scored together.

        Args:
            indices (torch.Tensor or sequence): ``(B,)`` integers, the samples of the batch.
            loss (torch.Tensor or float): Scalar, or ``(B,)``; see :meth:`Scorer.update`.
        """
        if not isinstance(loss, float) or self._scorer.needs_sample_losses is not False:
            loss = self._scorer.reduce(torch.as_tensor(loss), len(indices))
            if loss.ndim == 0 and loss.is_cpu:
                loss = loss.item()  # much cheaper than a tensor of its own
        self._seen.append(self.shards.positions_of(indices), loss)
        enough = self._seen.num_indices >= self._round_size
        if enough and self.world_size == 1 and (isinstance(loss, float) or loss.is_cpu):
            self.exchange()

    @property
    def scorer(self) -> Scorer:
        """The scorer; on one rank it has taken in all losses so far."""
        if self.world_size == 1:
            self.exchange()
        return self._scorer

    def exchange(self) -> None:
        """Brings the scores up to date, on all ranks alike; all ranks must call it together."""
        if self.world_size == 1 and len(self._seen) == 0:
            return
        skipped = self._scorer.skipped
        for batches in self._batches_to_score(self._seen.take()):
            if self.shards.writes:
                self._scorer.update_many(*batches)
        self._scorer.skipped = skipped + self.shards.total(self._scorer.skipped - skipped)

    def _batches_to_score(self, seen: ScoredBatches) -> Iterable[ScoredBatches]:
        """Returns what all ranks saw, or this one where it holds the scores of what it saw."""
        if self.shards.size == 1:
            return exchange_batches(seen, self._scorer.needs_sample_losses, self._round_size)
        start = first_loss(seen)  # the same on every rank
        if start is not None:
            self._scorer.start(start)
        return [seen]

    def gather_state(self) -> None:
        """Makes rank 0 know all that :meth:`state_dict` returns; all ranks must call it together.

        Where scores lie in shards rank 0 then holds them all, until it is called again.
        """
        self.exchange()
        if self.shards.size > 1:
            self._gathered = self._state()

    def _state(self) -> dict:
        state = {
            'seed': self.seed,
            'scorer': as_arrays(self.scorer.state_dict()),
            'pruner': self.pruner.state_dict(),
        }
        if self.planned:
            state.update(epoch=self.epoch, plan=self.selection)
        if self.shards.size > 1:
            state = change_samples(state, self.shards.gather, self.shards.num_held)
        return as_tensors(state)

    def state_dict(self) -> dict:
        """Returns what a resumed run needs, also within an epoch: tensors and plain numbers.

        On several ranks :meth:`gather_state` must come first, on all of them. The state is that of
        all samples, whatever the layout: any other can load it, on any number of ranks.

        Raises:
            RuntimeError: If scores lie in shards and were not gathered, or this is not rank 0.
        """
        if self.shards.size == 1:
            return self._state()
        if self._gathered is None or self.rank > 0:
            raise RuntimeError(
                "with layout='sharded' only rank 0 has the state of all samples; call "
                'sampler.gather_state() on all ranks, then state_dict() on rank 0'
            )
        return self._gathered

    def load_state_dict(self, state: dict) -> None:
        """Takes over the state of the sampler of an earlier run; all ranks must call it together.

        Args:
            state (dict): What :meth:`state_dict` returned.

        Raises:
            ValueError: If the state belongs to a data set of another length.
        """
        state = change_samples(as_arrays(state), self.shards.take, len(self.dataset))
        self._seen.clear()
        self._scorer.load_state_dict(as_tensors(state['scorer']))
        self.pruner.load_state_dict(state['pruner'])
        self.seed = int(state['seed'])
        self.planned = 'plan' in state
        if self.planned:
            self.epoch = int(state['epoch'])
            self._adopt(state['plan'])

    def forget_plan(self) -> None:
        """Makes the next :meth:`set_epoch` plan, also for the epoch that was planned already."""
        self.planned = False

    def keep_all(self) -> None:
        """Replaces the plan of the epoch by one of all samples."""
        self._adopt(keep_all(self.shards.num_held))

    def _adopt(self, selection: Selection) -> None:
        """Makes a selection the plan, and counts what all ranks keep."""
        self.selection = selection
        counts = np.zeros(self.shards.size + 1)
        counts[self.shards.rank] = selection.num_kept
        counts[-1] = selection.num_kept * selection.mean_weight
        *kept, self._weight = self.shards.sum(counts).tolist()
        self._kept = np.array(kept, dtype=np.int64)


def _mmengine_trains() -> bool:
    """Whether an MMEngine runner is training; asks without creating what MMEngine would."""
    hubs = list(MessageHub._instance_dict.values())
    return bool(hubs) and hubs[-1].runtime_info.get('loop_stage') == 'train'
