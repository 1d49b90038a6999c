"""What a run saved and what it cost, in words."""

from typing import List, Optional

from .main_metric import in_points, main_metric
from .methods import RANDOM
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
    if full is None:
        saved = _saved(run)
        lines = [] if saved is None else [f'{_percent(saved)} of the samples pruned.']
        lines.append('To see what this saves and costs, name the full run with --full.')
    else:
        lines = [f'Compared with the full run: {_difference(run, full, metric)}.']
        if random is not None:
            lines.append(f'Random samples, likewise: {_difference(random, full, metric)}.')
    if random is not None:
        lines.append(f'Compared with random samples: {_difference(run, random, metric)}.')
    return [*lines, ONE_RUN] if full or random else lines


def check_comparable(run: Run, other: Run, option: str) -> None:
    """Checks that another run is of the same training.

    Args:
        run (Run): The run of the report.
        other (Run): The run to compare it with.
        option (str): The option that named it, such as ``'--full'``.

    Raises:
        ValueError: If it trains another model, counts other samples or logs other metrics.
    """
    for what, read in {'model': _model, 'number of samples': _size}.items():
        own, others = read(run), read(other)
        if own and others and own != others:
            raise ValueError(
                f'{option} names a run of another training: its {what} is {others}, but here it is '
                f'{own}; give a run that differs only in pruning'
            )
    if run.metrics and other.metrics and not run.metrics.keys() & other.metrics.keys():
        raise ValueError(
            f'{option} names a run of another task: it logs {next(iter(other.metrics))!r}, but '
            f'this run logs {next(iter(run.metrics))!r}; give a run that differs only in pruning'
        )
    pruner = _pruner(other)
    if (
        option == '--random'
        and pruner
        and pruner.rsplit('.', 1)[-1] not in (RANDOM, 'StaticRandom')
    ):
        raise ValueError(f'--random names a run with {pruner}; give a run with {RANDOM}')


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


def _size(run: Run) -> Optional[int]:
    return run.history[-1].num_samples if run.history else None


def _model(run: Run) -> Optional[str]:
    model = run.config.get('model')
    return str(model.get('type')) if isinstance(model, dict) and model.get('type') else None


def _pruner(run: Run) -> str:
    loader = run.config.get('train_dataloader')
    sampler = loader.get('sampler') if isinstance(loader, dict) else None
    pruner = sampler.get('pruner') if isinstance(sampler, dict) else None
    return str(pruner.get('type', '') if isinstance(pruner, dict) else pruner or '')
