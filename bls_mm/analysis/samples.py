"""The history of each sample over the epochs. Pure array functions on the records of a run."""

from typing import Dict, List, NamedTuple, Optional

import numpy as np

from bls_mm.records import EpochRecord

from .rank_correlation import ranks_of


class SampleTable(NamedTuple):
    """The n of the N samples whose scores were recorded.

    Attributes:
        indices (np.ndarray): ``(n,)`` int64, indices into the training set.
        scores (np.ndarray): ``(n,)`` float32, the latest scores. NaN if a sample was never scored.
        quantiles (np.ndarray): ``(E, n)`` float32 in [0, 1], rank of the score after each epoch.
        volatility (np.ndarray): ``(n,)`` float32, standard deviation of the quantiles over the
            epochs. Ranks are compared because scores fall as the model learns.
        seen (np.ndarray, optional): ``(n,)`` int64, number of epochs that kept the sample.
        unseen (np.ndarray, optional): ``(n,)`` int64, longest run of epochs that pruned it.
        last_seen (np.ndarray, optional): ``(n,)`` int64, the last epoch that kept it, counted from
            1. 0 if no epoch kept it.
    """

    indices: np.ndarray
    scores: np.ndarray
    quantiles: np.ndarray
    volatility: np.ndarray
    seen: Optional[np.ndarray]
    unseen: Optional[np.ndarray]
    last_seen: Optional[np.ndarray]


def table_of(history: List[EpochRecord]) -> SampleTable:
    """Builds the table of a run's samples.

    Args:
        history (list[EpochRecord]): At least one record, all of the same training set.
    """
    last = history[-1]
    history = [record for record in history if record.stride == last.stride]
    quantiles = np.stack([ranks_of(record.scores) for record in history])
    has_masks = all(len(record.keep) for record in history)
    kept = [record.kept[:: last.stride] for record in history] if has_masks else None
    seen, unseen, last_seen = count_seen(kept, history) if has_masks else (None, None, None)
    return SampleTable(
        indices=np.arange(0, last.num_samples, last.stride),
        scores=last.scores.astype(np.float32),
        quantiles=quantiles,
        volatility=_deviation(quantiles),
        seen=seen,
        unseen=unseen,
        last_seen=last_seen,
    )


def count_seen(kept: List[np.ndarray], history: List[EpochRecord]) -> tuple:
    """Counts, for each sample, the epochs that kept it.

    Args:
        kept (list[np.ndarray]): One ``(n,)`` bool mask per epoch.
        history (list[EpochRecord]): The records of these epochs.

    Returns:
        tuple: Three ``(n,)`` int64 arrays: the number of epochs that kept the sample, the longest
        run of epochs that pruned it, and the last epoch that kept it, counted from 1.
    """
    seen, unseen, gap, last = (np.zeros(len(kept[0]), dtype=np.int64) for _ in range(4))
    for mask, record in zip(kept, history):
        seen += mask
        gap = np.where(mask, 0, gap + 1)
        np.maximum(unseen, gap, out=unseen)
        last[mask] = record.epoch + 1
    return seen, unseen, last


def swapped_fractions(history: List[EpochRecord]) -> Dict[str, np.ndarray]:
    """Returns the fraction of the training set that joined and left at each epoch.

    Returns:
        dict: ``epoch``, counted from 1, and ``joined`` and ``left``, fractions of the training set.
    """
    pairs = [
        (one, two)
        for one, two in zip(history, history[1:])
        if len(one.keep) and len(two.keep) and one.epoch + 1 == two.epoch
    ]
    changes = [(two.kept & ~one.kept, one.kept & ~two.kept) for one, two in pairs]
    return dict(
        epoch=np.array([two.epoch + 1 for _, two in pairs]),
        joined=np.array([joined.mean() for joined, _ in changes]),
        left=np.array([left.mean() for _, left in changes]),
    )


def mean_by_group(values: np.ndarray, groups: List[List[str]]) -> Dict[str, tuple]:
    """Averages a value over the samples of each group. A sample may belong to several groups.

    Args:
        values (np.ndarray): ``(n,)``.
        groups (list[list[str]]): The groups of each sample.

    Returns:
        dict: Group name to ``(mean, number of samples)``, in ascending order of the mean.
    """
    sums: Dict[str, list] = {}
    for value, names in zip(values, groups):
        for name in names:
            total = sums.setdefault(name, [0.0, 0])
            total[0] += value
            total[1] += 1
    means = {name: (total / count, count) for name, (total, count) in sums.items()}
    return dict(sorted(means.items(), key=lambda item: item[1][0]))


def choose_samples(table: SampleTable, count: int) -> Dict[str, np.ndarray]:
    """Chooses extreme samples for inspection.

    Args:
        table (SampleTable): The table.
        count (int): Number of samples of each kind.

    Returns:
        dict: Kind to ``(count,)`` positions in the table, the most extreme sample first. The kinds
        are ``hardest``, ``easiest``, ``volatile`` and, if any sample was pruned, ``unseen``.
    """
    scores = table.scores
    kinds = dict(
        hardest=np.where(np.isnan(scores), -np.inf, scores),
        easiest=np.where(np.isnan(scores), -np.inf, -scores),
        volatile=np.nan_to_num(table.volatility, nan=-1),
    )
    if table.unseen is not None and table.unseen.any():
        # Ties are broken by the number of epochs that kept the sample, scaled to less than 1.
        kinds['unseen'] = table.unseen - table.seen / (table.seen.max() + 1)
    return {kind: np.argsort(-values, kind='stable')[:count] for kind, values in kinds.items()}


def _deviation(quantiles: np.ndarray) -> np.ndarray:
    """Returns the standard deviation of each column, without NaN values."""
    known = ~np.isnan(quantiles)
    count = np.maximum(known.sum(0), 1)
    values = np.where(known, quantiles, 0)
    mean = values.sum(0) / count
    return np.sqrt((np.where(known, quantiles - mean, 0) ** 2).sum(0) / count).astype(np.float32)
