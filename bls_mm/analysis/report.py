"""Renders one HTML page that shows what pruning did to a run."""

import json
from pathlib import Path
from typing import Callable, Iterable, List, Optional, Tuple

from mmengine.config import Config

from .pictures import Pictures
from .report_charts import charts_of
from .report_gallery import gallery_of
from .sample_info import innermost
from .samples import table_of
from .text import describe_error, encodable
from .work_dir import Run

TEMPLATE = Path(__file__).with_name('report.html.jinja')
KINDS = dict(
    hardest='Hardest',
    easiest='Easiest',
    unseen='Longest unseen',
    volatile='Most volatile',
)


def render(
    run: Run,
    full: Optional[Run] = None,
    samples_of_kind: int = 24,
    progress: Callable[[Iterable], Iterable] = iter,
    config: Optional[Config] = None,
    random: Optional[Run] = None,
) -> str:
    """Renders the page. A section lists what is missing or damaged.

    Args:
        run (Run): The run to report.
        full (Run, optional): The same training without pruning, for comparison.
        samples_of_kind (int): Number of samples of each kind in the gallery. Defaults to 24.
        progress (callable): Wraps long loops, for example ``tqdm``.
        config (Config, optional): Config of the run, from a file that the user named, to show its
            samples: to open a training set runs the code that its config names. Defaults to None.
        random (Run, optional): The same training on random samples, for comparison. Defaults to
            None.

    Returns:
        str: HTML that needs no network, and that UTF-8 can encode.

    Raises:
        ValueError: If the run has no records of epochs.
    """
    from jinja2 import Environment, FileSystemLoader
    from plotly.offline import get_plotlyjs

    if not run.history:
        raise ValueError(
            f'{str(run.work_dir)!r} has no record of an epoch: the run had no BLSHook, or its '
            'first epoch is not finished; give a work dir that contains the folder bls'
        )
    table = table_of(run.history)
    pictures, problem = _open_pictures(run, config)
    environment = Environment(loader=FileSystemLoader(TEMPLATE.parent), autoescape=True)
    charts = charts_of(run, full, table, pictures, progress)
    gallery = []
    if pictures:
        gallery = gallery_of(table, pictures, len(run.history), samples_of_kind, progress)
    shown = {kind for sample in gallery for kind in sample['kinds']}
    page = environment.get_template(TEMPLATE.name).render(
        title=run.work_dir.resolve().name,
        facts=_facts(run, run.config if config is None else config.to_dict()),
        headline=_headline(run, full, random),
        metrics=_compare_metrics(run, full, random),
        has_full=full is not None,
        has_random=random is not None,
        charts=[(chart, json.loads(chart.figure.to_json())) for chart in charts],
        gallery=gallery,
        kinds={kind: name for kind, name in KINDS.items() if kind in shown},
        sources=sorted({sample['source'] for sample in gallery}),
        classes=sorted({name for sample in gallery for name in sample['classes']}),
        missing=[
            *run.missing,
            *(f'Full run: {line}' for line in (full.missing if full else ())),
            *(f'Run on random samples: {line}' for line in (random.missing if random else ())),
        ],
        problem=problem,
        plotly=get_plotlyjs(),
    )
    return encodable(page)


def _open_pictures(run: Run, config: Optional[Config]) -> Tuple[Optional[Pictures], str]:
    """Opens the training set. On failure, returns the reason, for a page without pictures."""
    if config is None:
        path = run.config_path or 'CONFIG'
        return None, (
            'The page shows no samples: to open the training set runs the code that its config '
            f'names. To allow it, run this tool again with --config {path}'
        )
    try:
        pictures = Pictures(config)
        innermost(pictures.dataset)
    except Exception as error:  # any error of a user's data set
        return None, (
            f'The training set could not be opened ({describe_error(error)}). Run this tool in the '
            'folder in which the training was started, so that relative paths are valid.'
        )
    if len(pictures) != run.history[-1].num_samples:
        return None, (
            f'The training set now has {len(pictures):,} samples, but the run had '
            f'{run.history[-1].num_samples:,}, so the samples cannot be shown.'
        )
    return pictures, ''


def _facts(run: Run, config: dict) -> List[str]:
    last = run.history[-1]
    state = 'finished' if run.is_finished else 'running or stopped'
    facts = [
        f'{state}: {last.epoch + 1} of {last.num_epochs} epochs',
        f'{last.num_samples:,} samples',
    ]
    loader = _as_dict(config.get('train_dataloader'))
    sampler = _as_dict(loader.get('sampler'))
    for part, default in (('pruner', 'SeTa'), ('scorer', 'BatchLossScorer')):
        options = sampler.get(part) or default
        options = dict(options) if isinstance(options, dict) else dict(type=options)
        name = str(options.pop('type', default))
        shown = ', '.join(f'{k}={v}' for k, v in options.items() if not str(k).startswith('_'))
        facts.append(f'{name}({shown})' if shown else name)
    batch_size = loader.get('batch_size')
    return facts + ([f'batch size {batch_size}'] if batch_size else [])


def _as_dict(value) -> dict:
    return value if isinstance(value, dict) else {}


def _headline(run: Run, full: Optional[Run], random: Optional[Run] = None) -> List[Tuple[str, str]]:
    """Returns the number and the caption of each card."""
    summary = run.summary
    cards = []
    if summary:
        caption = f'of {summary["samples_unpruned"]:,} samples pruned'
        cards.append((f'{summary["pruned"]:.1%}', caption))
    seconds = run.seconds or summary.get('training_seconds')
    if full and full.seconds and run.seconds:
        saved = 1 - run.seconds / full.seconds
        times = f'{run.seconds:,.0f}\u00a0s instead of {full.seconds:,.0f}\u00a0s'
        cards.append((f'{saved:.1%}', f'of the training time saved: {times}'))
    elif seconds:
        cards.append((f'{seconds:,.0f} s', 'of training'))
    for other, kind in ((full, 'full run'), (random, 'random samples')):
        metrics = other.metrics if other else {}
        name = next((name for name in run.metrics if name in metrics), None)
        if name:
            change = run.metrics[name] - metrics[name]
            caption = f'{name}: {run.metrics[name]:.4g}, {kind} {metrics[name]:.4g}'
            cards.append((f'{change:+.3g}', caption))
    if summary:
        parts = ('planning', 'scoring', 'recording')
        own = sum(summary.get(f'{part}_seconds', 0) for part in parts)
        fraction = own / max(summary['training_seconds'], 1e-9)
        cards.append((f'{fraction:.2%}', f'of the time spent on pruning itself: {own:.1f} s'))
    return cards


def _compare_metrics(run: Run, full: Optional[Run], random: Optional[Run]) -> List[tuple]:
    """Returns a name and three values per metric: of the run, the full run, and random samples."""
    others = [other.metrics if other else {} for other in (full, random)]
    return [
        (name, value, *(metrics.get(name) for metrics in others))
        for name, value in run.metrics.items()
    ]
