"""What a run saved and what it cost, in words."""

from typing import List, Optional

from .main_metric import in_points, main_metric
from .work_dir import Run

ONE_RUN = (
    'These are single runs, so a small difference can be chance; the compare command trains '
    'several seeds.'
)


def verdict(
    run: Run, full: Optional[Run] = None, random: Optional[Run] = None, metric: Optional[str] = None
) -> List[str]:
    """Returns the sentences of a verdict, the most important one first.

    Args:
        run (Run): The pruned run.
        full (Run, optional): The same training without pruning.
        random (Run, optional): The same training on as many random samples.
        metric (str, optional): End of the key of the metric. Defaults to None, see
            :func:`main_metric`.
    """
    if not run.is_finished:
        return ['The run is not finished, so there is no verdict yet.']
    for name, other in (('full', full), ('random', random)):
        if other is not None and other.is_partial:
            return [f'The {name} run is not finished, so there is no verdict yet.']
    if full is None:
        saved = _saved(run)
        lines = [] if saved is None else [f'{_percent(saved)} of the samples pruned.']
        lines.append('To see what this saves and costs, name the full run with --full.')
    else:
        lines = [f'Compared with the full run: {_difference(run, full, metric)}.']
        if random is not None:
            difference = _difference(random, full, metric)
            lines.append(f'Random samples compared with the full run: {difference}.')
    if random is not None:
        lines.append(f'Compared with random samples: {_difference(run, random, metric)}.')
    return [*lines, ONE_RUN] if full or random else lines


def _difference(run: Run, other: Run, metric: Optional[str]) -> str:
    """Returns what a run has less or more of than another one, as a list in words."""
    parts = []
    saved, others = _saved(run), _saved(other) or 0.0
    if saved is not None:
        parts.append(_less(1 - (1 - saved) / (1 - others), 'samples'))
    if run.seconds and other.seconds:
        parts.append(_less(1 - run.seconds / other.seconds, 'time'))
    parts.append(_metric_change(run, other, metric))
    return ', '.join(filter(None, parts)) or 'no figures to compare'


def _metric_change(run: Run, other: Run, key: Optional[str]) -> str:
    own = main_metric(run.metrics, key)
    theirs = own and main_metric(other.metrics, own.key)
    if not own or not theirs:
        return ''
    if not own.points:
        return f'{own.name} {own.value:.4g} instead of {theirs.value:.4g}'
    change = round(in_points(own.value - theirs.value, own.value, theirs.value), 1)
    word = 'more' if change > 0 else 'less'
    return f'{abs(change):.1f} points {word} {own.name}' if change else f'equal {own.name}'


def _less(fraction: float, kind: str) -> str:
    words = {'samples': ('fewer samples', 'more samples'), 'time': ('less time', 'more time')}[kind]
    if round(100 * fraction) == 0:
        return f'equal {kind}'
    return f'{_percent(abs(fraction))} {words[fraction < 0]}'


def _percent(fraction: float) -> str:
    return f'{100 * fraction:.0f}\u00a0%'


def _saved(run: Run) -> Optional[float]:
    return run.summary.get('pruned')
