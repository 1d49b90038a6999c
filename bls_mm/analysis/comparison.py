"""Compares methods: their baselines, one row of results per method, and the table."""

import math
from collections import defaultdict
from statistics import mean
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from .methods import FEWER, RANDOM, Method, parse_method

SAME_BUDGET = 0.02  # methods whose savings differ by at most this share their baselines


class Row(NamedTuple):
    """The runs of one method.

    Attributes:
        name (str): The method.
        is_baseline (bool): Whether the method uses no scores.
        seeds (list[int]): Seed of each run.
        metrics (list[float]): Metric of each run.
        samples (float): Samples seen, mean of the runs.
        saved (float): Fraction of the samples that was saved, mean of the runs.
        seconds (float): Training time in seconds, mean of the runs.
        compensation (str, optional): How the method makes up for pruned iterations.
    """

    name: str
    is_baseline: bool
    seeds: List[int]
    metrics: List[float]
    samples: float
    saved: float
    seconds: float
    compensation: Optional[str]

    @property
    def metric(self) -> float:
        """Mean of the metrics."""
        return mean(self.metrics)

    @property
    def spread(self) -> Optional[float]:
        """Standard deviation of the metrics over the seeds. None for a single run."""
        return deviation(self.metrics) if len(self.metrics) > 1 else None

    @property
    def kind(self) -> str:
        """The method without its options."""
        return self.name.split('(')[0]

    def distance_to(self, other: 'Row') -> Tuple[bool, float]:
        """Returns how far another method is: first by compensation, then by savings."""
        return other.compensation != self.compensation, abs(other.saved - self.saved)

    def differences(self, other: 'Row') -> List[float]:
        """Returns the differences to the metrics of another method, for the seeds of both.

        Runs of the same seed start from the same weights, which removes part of the variance.
        """
        others = dict(zip(other.seeds, other.metrics))
        return [
            metric - others[seed]
            for seed, metric in zip(self.seeds, self.metrics)
            if seed in others
        ]


def deviation(values: List[float]) -> float:
    """Returns the standard deviation over seeds; NaN if a value is not finite."""
    return float(np.std(values, ddof=1)) if np.isfinite(values).all() else float('nan')


def rows_of(runs: List[dict]) -> List[Row]:
    """Groups runs by method, in descending order of the samples seen.

    Args:
        runs (list[dict]): Each with ``method``, ``is_baseline``, ``seed``, ``metric``,
            ``samples_seen``, ``pruned``, ``seconds`` and ``compensation``.
    """
    of_method: Dict[str, List[dict]] = defaultdict(list)
    for run in runs:
        of_method[run['method']].append(run)
    rows = [
        Row(
            name,
            own[0]['is_baseline'],
            [run['seed'] for run in own],
            [run['metric'] for run in own],
            mean(run['samples_seen'] for run in own),
            mean(run['pruned'] for run in own),
            mean(run['seconds'] for run in own),
            own[0]['compensation'],
        )
        for name, own in of_method.items()
    ]
    return sorted(rows, key=lambda row: (-row.samples, row.name))


def baselines_of(runs: List[dict], same: float = SAME_BUDGET) -> List[Method]:
    """Returns the baselines of some runs, each at the budgets that the methods really used.

    Budgets are grouped from the smallest on, as long as they differ by at most ``same``.

    Args:
        runs (list[dict]): Finished runs, see :func:`rows_of`.
        same (float): Largest difference in savings within one budget.

    Returns:
        list[Method]: For each budget, random samples with each compensation that a method of the
        budget has, and fewer epochs.
    """
    budgets: List[List[Row]] = []
    for row in sorted(rows_of(runs), key=lambda row: row.saved):
        if row.is_baseline:
            continue
        if not budgets or row.saved - budgets[-1][0].saved > same:
            budgets.append([])
        budgets[-1].append(row)
    baselines = []
    for rows in budgets:
        ratio = round(mean(row.saved for row in rows), 2)
        compensations = sorted({row.compensation or '' for row in rows})
        options = [f', compensation={name!r}' if name else '' for name in compensations]
        if ratio > 0:
            baselines += [f'{RANDOM}(prune_ratio={ratio}{option})' for option in options]
            baselines.append(f'{FEWER}(prune_ratio={ratio})')
    return [parse_method(baseline) for baseline in baselines]


def as_markdown(rows: List[Row], metric: str) -> str:
    """Returns the table of a comparison, with metrics as in the log.

    Each method is compared, seed by seed, with random samples: those with the same compensation, if
    there are any, and the nearest budget. The last column contains the mean and standard deviation
    of the differences, and how many are positive.
    """
    lines = [
        f'| method | samples seen | saved | training time | {metric} | per seed | vs. random |',
        '|---|---|---|---|---|---|---|',
    ]
    random = [row for row in rows if row.kind == RANDOM]
    for row in rows:
        digits = digits_of(row.metric)
        each = ', '.join(f'{value:.{digits}f}' for value in row.metrics)
        others = [] if row in random else random
        nearest = sorted(others, key=row.distance_to)[:1]
        differences = [difference for other in nearest for difference in row.differences(other)]
        lines.append(
            f'| {row.name} | {row.samples:,.0f} | {row.saved:.1%} | {row.seconds:.0f} s '
            f'| {_with_spread(row.metrics, f".{digits}f")} | {each} '
            f'| {_as_difference(differences, f"+.{max(digits, 2)}f")} |'
        )
    return '\n'.join(lines) + '\n'


def digits_of(metric: float) -> int:
    """Returns the number of decimals that show a metric: three figures of small ones."""
    size = abs(metric)
    if not 0 < size < 0.1:  # also NaN
        return 1 if size >= 10 else 3
    return 2 - math.floor(math.log10(size))


def _with_spread(values: List[float], form: str) -> str:
    spread = f' ± {deviation(values):{form.lstrip("+")}}' if len(values) > 1 else ''
    return f'{mean(values):{form}}{spread}'


def _as_difference(differences: List[float], form: str) -> str:
    if not differences:
        return ''
    higher = sum(difference > 0 for difference in differences)
    return f'{_with_spread(differences, form)}, higher in {higher} of {len(differences)}'
