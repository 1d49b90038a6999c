"""What the ranks tell each other: which batches they saw, and their losses."""

import math
from array import array
from typing import Iterator, List, NamedTuple, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.dist import all_gather, get_rank, get_world_size

from bls_mm.scorers.scorer import check_range

JOIN = 1024  # batches that are joined at a time


class ScoredBatches(NamedTuple):
    """Batches and their losses.

    Attributes:
        sizes (torch.Tensor): ``(M,)`` int64, the number of samples of each batch.
        indices (torch.Tensor): ``(sum of sizes,)`` integers, batch after batch.
        losses (torch.Tensor): float32, one of each batch, or one of each sample.
    """

    sizes: torch.Tensor
    indices: torch.Tensor
    losses: torch.Tensor


class SeenBatches:
    """Collects batches, at 4 bytes a sample, until they are exchanged.

    Losses stay on their device, and are joined there, so that to collect waits for nothing.

    Args:
        num_samples (int): Length of the data set.

    Attributes:
        num_indices (int): Samples of all batches together.
    """

    def __init__(self, num_samples: int) -> None:
        self.num_samples = num_samples
        self.clear()

    def clear(self) -> None:
        """Forgets all batches."""
        self._sizes = array('q')
        self._indices = array('i' if self.num_samples < 2**31 else 'q')
        self._losses: List[torch.Tensor] = []
        self._latest_indices: List[np.ndarray] = []
        self._latest_losses: List[Union[torch.Tensor, float]] = []
        self.num_indices = 0

    def append(self, indices: Sequence[int], loss: Union[torch.Tensor, float]) -> None:
        """Adds a batch.

        Args:
            indices (sequence[int]): ``(B,)``.
            loss (torch.Tensor or float): float32, scalar or ``(B,)``, on any device; or a number.
                Of the same kind for all batches.
        """
        self._latest_indices.append(np.array(indices))
        self._latest_losses.append(loss)
        self.num_indices += len(indices)
        if len(self._latest_losses) == JOIN:
            self._join()

    def take(self) -> ScoredBatches:
        """Returns all batches, in main memory, and forgets them.

        Raises:
            IndexError: If an index is outside ``[0, N)``.
        """
        if self._latest_losses:
            self._join()
        losses = [part.to('cpu') for part in self._losses]
        sizes, indices = self._sizes, self._indices
        self.clear()
        return ScoredBatches(
            _as_tensor(sizes), _as_tensor(indices), torch.cat([torch.empty(0), *losses])
        )

    def _join(self) -> None:
        """Joins the latest batches, all in one, so that a single one costs next to nothing."""
        indices = np.concatenate(self._latest_indices)
        check_range(indices, self.num_samples)
        self._indices.frombytes(indices.astype(self._indices.typecode).tobytes())
        self._sizes.extend(map(len, self._latest_indices))
        self._losses.append(_join_losses(self._latest_losses))
        self._latest_indices, self._latest_losses = [], []

    def __len__(self) -> int:
        return len(self._sizes) + len(self._latest_losses)


def exchange_batches(
    seen: ScoredBatches, per_sample: bool, round_size: int
) -> Iterator[ScoredBatches]:
    """Gathers the batches of all ranks, in an order that is the same on every rank.

    They travel in rounds, so that no rank ever holds all of them; indices and losses apart, since
    the dtype of a loss would corrupt indices. A rank may have nothing to add.

    Args:
        seen (ScoredBatches): What this rank saw since the last exchange.
        per_sample (bool): Whether losses come one for each sample.
        round_size (int): About how many samples, over all ranks, travel at a time.

    Yields:
        ScoredBatches: The first batch of rank 0, the first of rank 1, ..., the second of rank 0...
            What travels in which round makes no difference.
    """
    if get_world_size() == 1:
        yield seen
        return
    rank = get_rank()
    counts = torch.stack(_gather(torch.tensor([len(seen.sizes), len(seen.indices)])))
    most_batches = int(counts[:, 0].max())
    if most_batches == 0:
        return
    num_rounds = -(-int(counts[:, 1].sum()) // round_size)
    sizes = [size[size >= 0] for size in _gather(_fit(seen.sizes, most_batches, fill=-1))]
    indices, losses = seen.indices, seen.losses
    step = -(-most_batches // num_rounds)
    for start in range(0, most_batches, step):
        sizes_of_round = [size[start : start + step] for size in sizes]
        lengths = [int(size.numpy().sum()) for size in sizes_of_round]
        loss_lengths = lengths if per_sample else [len(size) for size in sizes_of_round]
        all_indices = _gather_parts(indices, lengths)
        all_losses = _gather_parts(losses, loss_lengths)
        ones = [torch.ones_like(size) for size in sizes_of_round]
        yield ScoredBatches(
            _interleave(sizes_of_round, ones),
            _interleave(all_indices, sizes_of_round),
            _interleave(all_losses, sizes_of_round if per_sample else ones),
        )
        indices, losses = indices[lengths[rank] :], losses[loss_lengths[rank] :]


def round_size(num_samples: int, world_size: int) -> int:
    """Returns how many samples are scored at a time: the fewer, the less memory for copies.

    Between ranks rounds are larger, since in each all of them wait for one another.

    Args:
        num_samples (int): Length of the data set.
        world_size (int): Number of ranks.
    """
    return max(1 << 17, num_samples // (8 if world_size == 1 else 4))


def first_loss(seen: ScoredBatches) -> Optional[float]:
    """Returns the loss of the first batch, of all ranks, that has a finite one; the same on all.

    Args:
        seen (ScoredBatches): What this rank saw since the start of the run.

    Returns:
        float or None: None where no rank has seen any.
    """
    number = int(torch.isfinite(seen.losses).long().argmax()) if len(seen.losses) else 0
    loss = seen.losses[number] if len(seen.losses) else torch.tensor(math.nan)
    mine = torch.tensor([number if loss.isfinite() else math.inf, loss], dtype=torch.float64)
    number, loss = min((part.tolist() for part in _gather(mine)), key=lambda part: part[0])
    return loss if math.isfinite(number) else None


def _join_losses(losses: List[Union[torch.Tensor, float]]) -> torch.Tensor:
    if isinstance(losses[0], float):
        return torch.tensor(losses, dtype=torch.float32)
    return torch.cat(losses) if losses[0].ndim else torch.stack(losses)


def _gather_parts(values: torch.Tensor, lengths: List[int]) -> List[torch.Tensor]:
    """Returns the first so many values of each rank."""
    parts = _gather(_fit(values[: lengths[get_rank()]], max(lengths)))
    return [part[:length] for part, length in zip(parts, lengths)]


def _interleave(ranks: List[torch.Tensor], sizes: List[torch.Tensor]) -> torch.Tensor:
    """Joins pieces of all ranks, the first of each, the second of each, ...; sizes are theirs."""
    alike = _count_alike(sizes)
    size = int(sizes[0][0]) if alike else 0
    heads = [values[: alike * size].view(alike, size) for values in ranks]
    tails = [values[alike * size :] for values in ranks]
    joined = torch.stack(heads, dim=1).view(-1)
    if not any(map(len, tails)):
        return joined  # as in all rounds but the last; to join nothing would copy everything
    sizes_of_tails = [sizes_of_rank[alike:] for sizes_of_rank in sizes]
    return torch.cat([joined, _scatter(tails, sizes_of_tails)])


def _count_alike(sizes: List[torch.Tensor]) -> int:
    """Counts the first pieces that are of one size on all ranks, as all but the last mostly are."""
    fewest = min(map(len, sizes))
    if fewest == 0:
        return 0
    others = torch.stack([size[:fewest] != sizes[0][0] for size in sizes]).any(dim=0)
    return int(others.long().argmax()) if others.any() else fewest


def _scatter(ranks: List[torch.Tensor], sizes: List[torch.Tensor]) -> torch.Tensor:
    """Does what :func:`_interleave` does, for pieces of any sizes."""
    most = max(map(len, sizes))
    rows = torch.stack([_fit(size, most) for size in sizes], dim=1)  # a rank may have fewer pieces
    ends = rows.reshape(-1).cumsum(0).view_as(rows)
    joined = torch.empty(sum(map(len, ranks)), dtype=ranks[0].dtype)
    for values, size, end in zip(ranks, sizes, ends.T):
        shift = end[: len(size)] - size.cumsum(0)  # of each piece
        joined[torch.arange(len(values)) + shift.repeat_interleave(size)] = values
    return joined


def _fit(values: torch.Tensor, length: int, fill: int = 0) -> torch.Tensor:
    """Pads values, since collectives want the same length on every rank."""
    missing = length - len(values)
    return torch.nn.functional.pad(values, (0, missing), value=fill) if missing else values


def _gather(values: torch.Tensor) -> List[torch.Tensor]:
    return [part.cpu() for part in all_gather(values)]


def _as_tensor(values: array) -> torch.Tensor:
    dtype = torch.int32 if values.typecode == 'i' else torch.int64
    return torch.frombuffer(values, dtype=dtype) if values else torch.empty(0, dtype=dtype)
