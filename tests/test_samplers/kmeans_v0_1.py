"""The 1-D k-means of version 0.1, on bins of about equal count; it is exact since."""

import numpy as np

from bls_mm.ops.histogram import fine_histogram
from bls_mm.ops.shards import WHOLE

SKETCH_SIZE = 512


def kmeans_cuts(values, num_groups, where=None, shards=WHOLE):
    """Returns what ``kmeans_boundaries`` returned in version 0.1."""
    where = np.ones(len(values), dtype=bool) if where is None else where
    if shards.count(where) == 0:
        return np.empty(0, dtype=np.float32)
    lowest, centres, counts = _sketch(values, where, shards)
    starts = _best_starts(centres, counts, min(num_groups, len(centres)))
    return lowest[starts[1:]]


def _sketch(values, where, shards):
    edges, counts = fine_histogram(values, where, shards)[:2]
    if len(counts) <= SKETCH_SIZE:
        return edges, edges.astype(np.float64), counts
    before = np.cumsum(counts) - counts
    firsts = np.flatnonzero(np.diff(before * SKETCH_SIZE // counts.sum(), prepend=-1))
    sums = np.add.reduceat(edges * counts, firsts, dtype=np.float64)
    counts = np.add.reduceat(counts, firsts)
    return edges[firsts], sums / counts, counts


def _best_starts(centres, counts, num_groups):
    centred = centres - np.average(centres, weights=counts)
    centred = np.ldexp(centred, -np.frexp(np.abs(centred).max())[1])
    n, s, q = (
        np.concatenate([[0], np.cumsum(counts * power)])
        for power in (np.ones_like(centred), centred, centred**2)
    )
    size = len(centres)
    spread = np.full((size, size), np.inf, dtype=np.float32)
    for i in range(size):
        squares, sums, numbers = (x[i + 1 :] - x[i] for x in (q, s, n))
        spread[i, i:] = squares - sums**2 / numbers
    best = spread[0]
    choices = []
    for _ in range(num_groups - 1):
        total = spread + np.append(np.float32(np.inf), best[:-1])[:, None]
        choices.append(total.argmin(axis=0))
        best = total.min(axis=0)
    starts, last = [], size - 1
    for choice in reversed(choices):
        starts.append(int(choice[last]))
        last = starts[-1] - 1
    return [0, *reversed(starts)]
