"""What the ranks tell each other: which batches they saw, and their losses."""

from typing import Iterator, List, NamedTuple

import torch
from mmengine.dist import all_gather, get_world_size


class ScoredBatch(NamedTuple):
    """One batch and its loss.

    Attributes:
        indices (torch.Tensor): ``(B,)`` int64.
        loss (torch.Tensor): float32 scalar, or ``(B,)``.
    """

    indices: torch.Tensor
    loss: torch.Tensor


def exchange_batches(batches: List[ScoredBatch]) -> Iterator[ScoredBatch]:
    """Gathers the batches of all ranks, in an order that is the same on every rank.

    Three collectives whatever the number of batches: the lengths, then the indices as int64 (the
    dtype of a loss would corrupt them), then the losses. A rank may have nothing to add.

    Args:
        batches (list[ScoredBatch]): What this rank saw since the last exchange.

    Yields:
        ScoredBatch: First batch of rank 0, first of rank 1, ..., second of rank 0, ...
    """
    if get_world_size() == 1:
        yield from batches
        return
    sizes = torch.tensor([len(batch.indices) for batch in batches], dtype=torch.int64)
    # The number of losses of a batch: 0 says that it is a scalar.
    widths = torch.tensor([batch.loss.numel() * batch.loss.ndim for batch in batches]).long()
    indices = _join([batch.indices for batch in batches], torch.int64)
    losses = _join([batch.loss.reshape(-1) for batch in batches], torch.float32)

    counts = torch.tensor([len(sizes), len(indices), len(losses)])
    counts = torch.stack(all_gather(counts))
    most_batches, most_indices, most_losses = counts.max(dim=0).values.tolist()
    heads = _gather(
        torch.cat(
            [_pad(sizes, most_batches), _pad(widths, most_batches), _pad(indices, most_indices)]
        )
    )
    all_losses = _gather(_pad(losses, most_losses))

    ranks = []
    for head, loss, (num_batches, num_indices, num_losses) in zip(
        heads, all_losses, counts.tolist()
    ):
        size, width, index = head.split([most_batches, most_batches, most_indices])
        size, width = size[:num_batches].tolist(), width[:num_batches].tolist()
        values = loss[:num_losses].split([w or 1 for w in width])
        ranks.append(
            [
                ScoredBatch(i, v if w else v[0])
                for i, v, w in zip(index[:num_indices].split(size), values, width)
            ]
        )
    for iteration in range(most_batches):
        for batches_of_rank in ranks:
            if iteration < len(batches_of_rank):
                yield batches_of_rank[iteration]


def _join(parts: list, dtype: torch.dtype) -> torch.Tensor:
    return torch.cat(parts).to('cpu', dtype) if parts else torch.empty(0, dtype=dtype)


def _pad(values: torch.Tensor, length: int) -> torch.Tensor:
    return torch.nn.functional.pad(values, (0, length - len(values)))


def _gather(values: torch.Tensor) -> list:
    return [part.cpu() for part in all_gather(values)]
