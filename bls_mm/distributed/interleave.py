"""Merges the batches of all ranks into one order. Pure functions of tensors.

The order is: the first batch of rank 0, the first of rank 1, ..., the second of rank 0, ... It does
not depend on timing, so every rank computes the same scores.
"""

from typing import List

import torch


def interleave(ranks: List[torch.Tensor], sizes: List[torch.Tensor]) -> torch.Tensor:
    """Merges the pieces of all ranks: the first piece of each, then the second of each, ...

    Args:
        ranks (list[torch.Tensor]): The values of each rank, piece after piece.
        sizes (list[torch.Tensor]): ``(M_r,)`` int64, the length of each piece of rank r. A rank may
            have fewer pieces than others.

    Returns:
        torch.Tensor: All values.
    """
    # Nearly all pieces have one size: these are stacked, which is a plain copy. Only the rest
    # (such as a last, smaller batch) is scattered element by element.
    alike = count_alike(sizes)
    size = int(sizes[0][0]) if alike else 0
    heads = [values[: alike * size].view(alike, size) for values in ranks]
    tails = [values[alike * size :] for values in ranks]
    joined = torch.stack(heads, dim=1).view(-1)
    if not any(map(len, tails)):
        return joined  # concatenating nothing would copy everything
    return torch.cat([joined, scatter(tails, [sizes_of_rank[alike:] for sizes_of_rank in sizes])])


def count_alike(sizes: List[torch.Tensor]) -> int:
    """Counts the leading pieces that have one size on all ranks."""
    fewest = min(map(len, sizes))
    if fewest == 0:
        return 0
    others = torch.stack([size[:fewest] != sizes[0][0] for size in sizes]).any(dim=0)
    return int(others.long().argmax()) if others.any() else fewest


def scatter(ranks: List[torch.Tensor], sizes: List[torch.Tensor]) -> torch.Tensor:
    """Does what :func:`interleave` does, for pieces of any sizes."""
    most = max(map(len, sizes))
    # Row i holds the sizes of the i-th piece of each rank; their running sum is where pieces end.
    rows = torch.stack([pad(size, most) for size in sizes], dim=1)
    ends = rows.reshape(-1).cumsum(0).view_as(rows)
    joined = torch.empty(sum(map(len, ranks)), dtype=ranks[0].dtype)
    for values, size, end in zip(ranks, sizes, ends.T):
        shift = end[: len(size)] - size.cumsum(0)  # from the rank's own order to the merged order
        joined[torch.arange(len(values)) + shift.repeat_interleave(size)] = values
    return joined


def pad(values: torch.Tensor, length: int, fill: int = 0) -> torch.Tensor:
    """Pads values to a length: collectives need the same length on every rank."""
    missing = length - len(values)
    return torch.nn.functional.pad(values, (0, missing), value=fill) if missing else values
