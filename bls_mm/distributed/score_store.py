"""Scores, the losses that wait to become scores, and where both are."""

from typing import Iterable, Sequence, Union

import torch

from bls_mm.scorers import Scorer

from .exchange import exchange_batches, first_loss
from .pending import PendingBatches, SeenBatches, choose_round_size
from .placement import Replicated


class ScoreStore:
    """Owns the scorer, the pending losses, and the placement of scores.

    There is one path for a loss: :meth:`update` collects it, :meth:`sync` scores it on all ranks
    alike.

    Args:
        scorer (Scorer): Scores ``placement.local_size`` samples.
        placement (Replicated): Where scores are.
        world_size (int): Number of ranks.

    Attributes:
        scorer (Scorer): Its ``scores`` and ``visits`` are up to date after :meth:`sync`.
    """

    def __init__(self, scorer: Scorer, placement: Replicated, world_size: int) -> None:
        placement.place(scorer)
        self.scorer = scorer
        self.placement = placement
        self.world_size = world_size
        self._pending = PendingBatches(placement.local_size)
        self._round_size = choose_round_size(placement.num_samples, world_size)

    def update(self, samples: Sequence[int], loss: Union[torch.Tensor, float]) -> None:
        """Collects the loss of a batch. It never waits for a device or another rank.

        A single rank scores its losses whenever a round of them has arrived, which bounds memory.

        Args:
            samples (sequence[int]): ``(B,)``, the samples of the batch.
            loss (torch.Tensor or float): Scalar, or ``(B,)``; see :meth:`Scorer.update`.

        Raises:
            ValueError: If the scorer needs one loss per sample and gets another shape.
        """
        if not isinstance(loss, float) or self.scorer.needs_sample_losses is not False:
            loss = self.scorer.as_loss(torch.as_tensor(loss), len(samples))
            if loss.ndim == 0 and loss.is_cpu:
                loss = loss.item()  # far cheaper to collect than a tensor
        self._pending.append(self.placement.positions_of(samples), loss)
        is_full = self._pending.num_indices >= self._round_size
        if is_full and self.world_size == 1 and (isinstance(loss, float) or loss.is_cpu):
            self.sync()

    def sync(self) -> None:
        """Scores all pending losses; all ranks must call it together."""
        if self.world_size == 1 and len(self._pending) == 0:
            return
        skipped = self.scorer.skipped
        for batches in self._exchange(self._pending.drain()):
            if self.placement.writes:
                self.scorer.update_batches(*(part.numpy() for part in batches))
        mine = self.scorer.skipped - skipped
        self.scorer.count_skipped(self.placement.agree_on(mine) - mine)

    def _exchange(self, seen: SeenBatches) -> Iterable[SeenBatches]:
        """Returns the batches that this rank scores: those of all ranks, or of its own shard."""
        if self.world_size == 1:
            return [seen]
        if self.placement.size == 1:
            return exchange_batches(seen, self.scorer.needs_sample_losses, self._round_size)
        start = first_loss(seen)  # the same on every rank
        if start is not None:
            self.scorer.start(start)
        return [seen]

    def load_state_dict(self, state: dict) -> None:
        """Loads the state of a scorer, and forgets the pending losses."""
        self._pending.clear()
        self.scorer.load_state_dict(state)
