"""What became of each sample over the epochs. Pure array functions of the records of a run."""

from typing import Dict, List, NamedTuple, Optional

import numpy as np

from bls_mm.hooks.history import EpochRecord


class SampleTable(NamedTuple):
    """Samples and what is known of them; n of the N samples, those that have scores.

    Attributes:
        indices (np.ndarray): ``(n,)`` int64, which samples of the data set.
        scores (np.ndarray): ``(n,)`` float32, the latest; NaN of a sample that was never scored.
        quantiles (np.ndarray): ``(E, n)`` float32 in [0, 1], the rank of the score after each
            epoch.
        volatility (np.ndarray): ``(n,)`` float32, standard deviation of the quantiles over epochs:
            scores fall as a model learns, their ranks do not.
        seen (np.ndarray, optional): ``(n,)`` int64, in how many epochs it was trained on.
        unseen (np.ndarray, optional): ``(n,)`` int64, most epochs in a row without it.
        last_seen (np.ndarray, optional): ``(n,)`` int64, the last epoch with it, from 1; 0: never.
    """

    indices: np.ndarray
    scores: np.ndarray
    quantiles: np.ndarray
    volatility: np.ndarray
    seen: Optional[np.ndarray]
    unseen: Optional[np.ndarray]
    last_seen: Optional[np.ndarray]


def table_of(history: List[EpochRecord]) -> SampleTable:
    """Makes the table of the samples of a run.

    Args:
        history (list[EpochRecord]): At least one record; all of one data set.
    """
    last = history[-1]
    history = [record for record in history if record.stride == last.stride]
    quantiles = np.stack([ranks_of(record.scores) for record in history])
    has_plans = all(len(record.keep) for record in history)
    kept = [record.kept[:: last.stride] for record in history] if has_plans else None
    seen, unseen, last_seen = count_seen(kept, history) if has_plans else (None, None, None)
    return SampleTable(
        indices=np.arange(0, last.num_samples, last.stride),
        scores=last.scores.astype(np.float32),
        quantiles=quantiles,
        volatility=_deviation(quantiles),
        seen=seen,
        unseen=unseen,
        last_seen=last_seen,
    )


def ranks_of(scores: np.ndarray) -> np.ndarray:
    """Returns where each score stands among all, from 0 to 1; equal ones share their mean rank.

    Args:
        scores (np.ndarray): ``(n,)``; NaN stays NaN.
    """
    ranks = np.full(len(scores), np.nan, dtype=np.float32)
    scored = np.flatnonzero(~np.isnan(scores))
    _, group, counts = np.unique(scores[scored], return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    ranks[scored] = (middle / max(len(scored) - 1, 1))[group]
    return ranks


def count_seen(kept: List[np.ndarray], history: List[EpochRecord]) -> tuple:
    """Counts the epochs with each sample, the longest stretch without it, and the last with it.

    Args:
        kept (list[np.ndarray]): ``(n,)`` bool of each epoch.
        history (list[EpochRecord]): Their records.
    """
    seen, unseen, gap, last = (np.zeros(len(kept[0]), dtype=np.int64) for _ in range(4))
    for mask, record in zip(kept, history):
        seen += mask
        gap = np.where(mask, 0, gap + 1)
        np.maximum(unseen, gap, out=unseen)
        last[mask] = record.epoch + 1
    return seen, unseen, last


def swapped_shares(history: List[EpochRecord]) -> Dict[str, np.ndarray]:
    """Which share of the data set each epoch brought in, and which it dropped.

    Returns:
        dict: ``epoch``, from 1; ``joined`` and ``left``, shares of the data set.
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
    """Averages a number over the samples of each group; a sample may belong to several.

    Args:
        values (np.ndarray): ``(n,)``.
        groups (list[list[str]]): The groups of each of the n samples.

    Returns:
        dict: Name of the group to ``(mean, number of samples)``, ascending in the mean.
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
    """Chooses the samples that are worth a look.

    Args:
        table (SampleTable): Of n samples.
        count (int): How many of each kind.

    Returns:
        dict: Kind to ``(count,)`` positions in the table, the most extreme first.
    """
    scores = table.scores
    kinds = dict(
        hardest=np.where(np.isnan(scores), -np.inf, scores),
        easiest=np.where(np.isnan(scores), -np.inf, -scores),
        volatile=np.nan_to_num(table.volatility, nan=-1),
    )
    if table.unseen is not None and table.unseen.any():
        # Among as long ones those that were seen least: 1 epoch of seen counts less than 1 of gap.
        kinds['unseen'] = table.unseen - table.seen / (table.seen.max() + 1)
    return {kind: np.argsort(-values, kind='stable')[:count] for kind, values in kinds.items()}


def _deviation(quantiles: np.ndarray) -> np.ndarray:
    known = ~np.isnan(quantiles)
    count = np.maximum(known.sum(0), 1)
    values = np.where(known, quantiles, 0)
    mean = values.sum(0) / count
    return np.sqrt((np.where(known, quantiles - mean, 0) ** 2).sum(0) / count).astype(np.float32)
