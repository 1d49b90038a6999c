"""The head of a report: settings of the run, cards with figures, and the table of metrics."""

from typing import List, NamedTuple, Optional, Tuple

from bls_mm.planning import is_auto

from .main_metric import in_points, is_defined, main_metric
from .work_dir import Run

# What the score of a sample is, for each scorer.
SCORES = dict(
    BatchLossScorer='the moving average of the losses of the batches that contained the sample',
    ResidualScorer=(
        'the loss of the sample relative to the mean loss, estimated from the losses of batches; '
        'the mean is 1'
    ),
    SampleLossScorer='the loss of the sample at its last visit',
    auto=(
        'the loss of the sample relative to the mean loss, averaged over visits, and estimated '
        'from the losses of batches if the model does not return it; the mean is 1'
    ),
)
RELATIVE = ('ResidualScorer', 'auto')  # scores of different epochs are comparable
# What the sampler takes if the config does not name it; with pruner='auto' the scorer is 'auto'.
DEFAULTS = dict(pruner='SeTa', scorer='BatchLossScorer')


class MetricRow(NamedTuple):
    """A row of the table of metrics.

    Attributes:
        name (str): Key in MMEngine's log.
        value (str): Value of the run.
        others (list[tuple[str, str]]): Value of each other run, and what the run has more.
    """

    name: str
    value: str
    others: List[Tuple[str, str]]


def facts_of(run: Run, config: dict) -> List[str]:
    """Returns the settings of a run.

    Args:
        run (Run): The run.
        config (dict): Its config; any content.
    """
    last = run.history[-1]
    state = 'finished' if run.is_finished else 'running or stopped'
    facts = [
        f'{state}: {last.epoch + 1} of {last.num_epochs} epochs',
        f'{last.num_samples:,} samples',
    ]
    for part in DEFAULTS:
        name, options = _part(config, part)
        shown = ', '.join(f'{k}={v}' for k, v in options.items() if not str(k).startswith('_'))
        facts.append(f'{part} {name}({shown})' if shown else f'{part} {name}')
    batch_size = _as_dict(config.get('train_dataloader')).get('batch_size')
    return facts + ([f'batch size {batch_size}'] if batch_size else [])


def explain_score(config: dict) -> str:
    """Returns what the scores of a run are, for readers who have not seen one."""
    name, _ = _part(config, 'scorer')
    name = name.rsplit('.', 1)[-1]
    meaning = SCORES.get(name, f'what {name} computes from the losses')
    text = (
        f'A score says how hard a sample is for the model: a high score means hard. Here it is '
        f'{meaning}. The pruner chooses the samples of the next epoch by their scores.'
    )
    if name in RELATIVE:
        return text
    return f'{text} Compare scores within one epoch only, because losses fall during training.'


def cards_of(run: Run, full: Optional[Run], metric: Optional[str]) -> List[Tuple[str, str]]:
    """Returns the number and the caption of each card."""
    summary, full = run.summary, None if full and full.is_partial else full
    cards = []
    if summary:
        caption = f'of {summary["samples_unpruned"]:,} samples pruned'
        cards.append((f'{summary["pruned"]:.1%}', caption))
    seconds = run.seconds or summary.get('training_seconds')
    if full and full.seconds and run.seconds:
        saved = 1 - run.seconds / full.seconds
        times = f'{run.seconds:,.0f}\u00a0s instead of {full.seconds:,.0f}\u00a0s'
        caption = 'less training time' if saved >= 0 else 'more training time'
        cards.append((f'{abs(saved):.1%}', f'{caption}: {times}'))
    elif seconds:
        cards.append((f'{seconds:,.0f}\u00a0s', 'of training'))
    cards += _metric_card(run, full, metric)
    if summary:
        parts = ('planning', 'scoring', 'recording')
        own = sum(summary.get(f'{part}_seconds', 0) for part in parts)
        fraction = own / max(summary['training_seconds'], 1e-9)
        cards.append((f'{fraction:.2%}', f'of the time spent on pruning itself: {own:.1f}\u00a0s'))
    return cards


def _metric_card(run: Run, full: Optional[Run], metric: Optional[str]) -> List[Tuple[str, str]]:
    own = main_metric(run.metrics, metric)
    if own is None:
        return []
    other = main_metric(full.metrics, own.key) if full else None
    values = [each.value for each in (own, other) if each]
    shown = [
        f'{in_points(value, *values):.1f}\u00a0%' if own.points else f'{value:.4g}'
        for value in values
    ]
    if other is None:
        return [(shown[0], own.name)]
    caption = f'{own.name}: {shown[0]}, full run {shown[1]}'
    if not own.points:
        return [(f'{own.value - other.value:+.3g}', caption)]
    change = round(in_points(own.value - other.value, *values), 1)
    return [(f'{change:+.1f}' if change else '0.0', f'points of {caption}')]


def metric_rows(run: Run, others: List[Run]) -> List[MetricRow]:
    """Returns the table of the last validation.

    A dash stands for a value that a run does not have, or that is not defined: COCO's evaluation
    logs -1 for sizes of objects that do not occur.
    """
    rows = []
    for name, value in run.metrics.items():
        cells = []
        for other in others:
            theirs = other.metrics.get(name)
            known = theirs is not None and is_defined(name, theirs) and is_defined(name, value)
            cells.append((_cell(name, theirs), f'{value - theirs:+.3g}' if known else '–'))
        rows.append(MetricRow(name, _cell(name, value), cells))
    return rows


def _cell(name: str, value: Optional[float]) -> str:
    return '–' if value is None or not is_defined(name, value) else f'{value:.4g}'


def _part(config: dict, part: str) -> Tuple[str, dict]:
    """Returns name and options of the pruner or the scorer."""
    sampler = _as_dict(_as_dict(config.get('train_dataloader')).get('sampler'))
    default = 'auto' if is_auto(sampler.get('pruner')) else DEFAULTS[part]
    options = sampler.get(part) or default
    options = dict(options) if isinstance(options, dict) else dict(type=options)
    return str(options.pop('type', default)), options


def _as_dict(value) -> dict:
    return value if isinstance(value, dict) else {}
