"""Ranks exchange the losses of their batches."""

import math
from typing import Iterator, List, NamedTuple, Optional

import torch
from mmengine.dist import all_gather, get_rank, get_world_size

from .interleave import interleave, pad


class SeenBatches(NamedTuple):
    """Batches and their losses.

    Attributes:
        sizes (torch.Tensor): ``(M,)`` int64, the number of samples of each batch.
        indices (torch.Tensor): ``(sum of sizes,)`` integers, batch after batch.
        losses (torch.Tensor): float32, one per batch, or one per sample.
    """

    sizes: torch.Tensor
    indices: torch.Tensor
    losses: torch.Tensor


def exchange_batches(seen: SeenBatches, per_sample: bool, round_size: int) -> Iterator[SeenBatches]:
    """Gathers the batches of all ranks, in an order that is the same on every rank.

    They travel in rounds, so that no rank ever holds all of them. Indices and losses travel apart:
    the dtype of a loss would corrupt indices. A rank may have nothing to add.

    Args:
        seen (SeenBatches): What this rank saw since the last exchange.
        per_sample (bool): Whether there is one loss per sample.
        round_size (int): Approximate number of samples, over all ranks, that travel at a time.

    Yields:
        SeenBatches: Batches of all ranks, see :mod:`interleave`. The order of all batches does not
            depend on ``round_size``.
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
    sizes = [size[size >= 0] for size in _gather(pad(seen.sizes, most_batches, fill=-1))]
    indices, losses = seen.indices, seen.losses
    step = -(-most_batches // num_rounds)
    for start in range(0, most_batches, step):
        sizes_of_round = [size[start : start + step] for size in sizes]
        lengths = [int(size.numpy().sum()) for size in sizes_of_round]
        loss_lengths = lengths if per_sample else [len(size) for size in sizes_of_round]
        all_indices = _gather_first(indices, lengths)
        all_losses = _gather_first(losses, loss_lengths)
        ones = [torch.ones_like(size) for size in sizes_of_round]
        yield SeenBatches(
            interleave(sizes_of_round, ones),
            interleave(all_indices, sizes_of_round),
            interleave(all_losses, sizes_of_round if per_sample else ones),
        )
        indices, losses = indices[lengths[rank] :], losses[loss_lengths[rank] :]


def first_loss(seen: SeenBatches) -> Optional[float]:
    """Returns the loss of the first batch, over all ranks, that has a finite one.

    Args:
        seen (SeenBatches): What this rank saw since the last exchange.

    Returns:
        float or None: The same on every rank; None if no rank saw a finite loss.
    """
    number = int(torch.isfinite(seen.losses).long().argmax()) if len(seen.losses) else 0
    loss = seen.losses[number] if len(seen.losses) else torch.tensor(math.nan)
    mine = torch.tensor([number if loss.isfinite() else math.inf, loss], dtype=torch.float64)
    number, loss = min((part.tolist() for part in _gather(mine)), key=lambda part: part[0])
    return loss if math.isfinite(number) else None


def is_true_on_any(flag: bool) -> bool:
    """Whether a flag is set on any rank; all ranks must call it together."""
    return any(map(bool, _gather(torch.tensor([int(flag)]))))


def _gather_first(values: torch.Tensor, lengths: List[int]) -> List[torch.Tensor]:
    """Returns the first ``lengths[r]`` values of each rank r."""
    parts = _gather(pad(values[: lengths[get_rank()]], max(lengths)))
    return [part[:length] for part, length in zip(parts, lengths)]


def _gather(values: torch.Tensor) -> List[torch.Tensor]:
    return [part.cpu() for part in all_gather(values)]
