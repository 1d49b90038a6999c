"""The plan of a run as a table, and what is surprising about it."""

from typing import Any, Iterator, List

from bls_mm.analysis.estimate import RunSize, estimate
from bls_mm.analysis.simulation import PlannedEpoch
from bls_mm.planning import build_planner
from bls_mm.pruners import SeTa


def table_of_plan(plan: List[PlannedEpoch], size: RunSize) -> Iterator[str]:
    """Yields the lines of the table: a heading, a row per epoch, and the total.

    Args:
        plan (list[PlannedEpoch]): The epochs.
        size (RunSize): Size of the run.
    """
    gpus = 'one GPU' if size.num_gpus == 1 else f'{size.num_gpus} GPUs'
    yield f'epoch  samples  pruned  mean weight  iterations  (simulated losses, {gpus})'
    weight = 0.0
    for number, (epoch, part) in enumerate(size.parts_of(plan), start=1):
        samples = size.samples(epoch.kept_fraction, part)
        iterations = size.iterations(epoch.kept_fraction, part)
        weight += samples * epoch.mean_weight
        yield _row(number, round(samples), 1 - epoch.kept_fraction, epoch.mean_weight, iterations)
    total = estimate(plan, size)
    weight /= max(total.samples, 1)
    yield _row('total', total.samples, total.pruned, weight, total.iterations)


def _row(name, samples: int, pruned: float, weight: float, iterations: int) -> str:
    return f'{name:>5} {samples:8,} {pruned:7.1%} {weight:12.2f} {iterations:11,}'


def explain(pruner: Any) -> Iterator[str]:
    """Yields a line about epochs that differ in length, if the pruner is SeTa.

    Args:
        pruner (dict, optional): Config of the pruner. None stands for SeTa, the default.
    """
    pruner = build_planner(pruner or dict(type='SeTa')).pruner
    if not isinstance(pruner, SeTa):
        return
    groups = pruner.num_groups
    window = max(1, pruner.round_window(groups * pruner.window_scale))
    positions = groups - window + 1
    if positions == 1:
        return
    how = f'a window of {window} of {groups} score groups'
    if positions == 2:
        yield (
            f'SeTa trains on {how}: the easier ones in odd epochs, the harder ones in even epochs. '
            'The groups differ in size, so the number of samples swings between odd and even '
            'epochs.'
        )
    else:
        yield (
            f'SeTa trains on {how}, which moves from easy to hard and starts again every '
            f'{positions} epochs. The groups differ in size, so the number of samples swings with '
            'it.'
        )
