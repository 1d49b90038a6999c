"""One page that shows what pruning did to a run."""

import base64
import json
from pathlib import Path
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

import numpy as np

from . import figures
from .pictures import Pictures
from .samples import SampleTable, choose_samples, table_of
from .work_dir import Run

TEMPLATE = Path(__file__).with_name('report.html.jinja')
MOST_DESCRIBED = 20_000  # samples whose class is looked up; more make the shares no truer
WIDEST_PICTURE = 360
KINDS = dict(
    hardest='Hardest',
    easiest='Easiest',
    unseen='Longest unseen',
    volatile='Most volatile',
)


class Chart(NamedTuple):
    """A figure of the page.

    Attributes:
        title (str): What it shows.
        note (str): How to read it.
        figure (plotly.graph_objects.Figure): The figure.
        wide (bool): Whether it takes the whole width.
    """

    title: str
    note: str
    figure: object
    wide: bool = False


def render(
    run: Run,
    full: Optional[Run] = None,
    samples_of_kind: int = 24,
    progress: Callable[[Iterable], Iterable] = iter,
) -> str:
    """Returns the page.

    Args:
        run (Run): The run to report.
        full (Run, optional): The same training without pruning, to compare with.
        samples_of_kind (int): How many samples of each kind the gallery shows.
        progress (callable): Wraps what takes long, such as ``tqdm``.

    Returns:
        str: HTML that needs no network.

    Raises:
        ValueError: If the run has no records of epochs.
    """
    from jinja2 import Environment, FileSystemLoader
    from plotly.offline import get_plotlyjs

    if not run.history:
        raise ValueError(
            f'{str(run.work_dir)!r} has no record of an epoch: the run was without BLSHook, or its '
            'first epoch is not over; report a run that has a folder bls in its work dir'
        )
    table = table_of(run.history)
    pictures, problem = _open_pictures(run)
    environment = Environment(loader=FileSystemLoader(TEMPLATE.parent), autoescape=True)
    charts = _charts(run, full, table, pictures, progress)
    gallery = _gallery(run, table, pictures, samples_of_kind, progress) if pictures else []
    shown = {kind for sample in gallery for kind in sample['kinds']}
    return environment.get_template(TEMPLATE.name).render(
        title=run.work_dir.resolve().name,
        facts=_facts(run),
        headline=_headline(run, full),
        metrics=_compare_metrics(run, full),
        charts=[(chart, json.loads(chart.figure.to_json())) for chart in charts],
        gallery=gallery,
        kinds={kind: name for kind, name in KINDS.items() if kind in shown},
        sources=sorted({sample['source'] for sample in gallery}),
        classes=sorted({name for sample in gallery for name in sample['classes']}),
        problem=problem,
        plotly=get_plotlyjs(),
    )


def _open_pictures(run: Run) -> Tuple[Optional[Pictures], str]:
    """Opens the training set; a page without its pictures is better than none."""
    if run.config is None:
        return None, 'The work dir has no config, so the samples cannot be shown.'
    try:
        pictures = Pictures(run.config)
        pictures.describe(0)
    except Exception as error:  # whatever a data set of anyone's may raise
        return None, f'The training set could not be opened ({type(error).__name__}: {error}).'
    if len(pictures) != run.history[-1].num_samples:
        return None, (
            f'The training set has {len(pictures):,} samples now, but the run had '
            f'{run.history[-1].num_samples:,}, so they cannot be shown.'
        )
    return pictures, ''


def _facts(run: Run) -> List[str]:
    last = run.history[-1]
    state = 'finished' if run.is_finished else 'still going, or stopped'
    facts = [
        f'{state}: {last.epoch + 1} of {last.num_epochs} epochs',
        f'{last.num_samples:,} samples',
    ]
    sampler = (run.config or {}).get('train_dataloader', {}).get('sampler', {})
    for part, default in (('pruner', 'SeTa'), ('scorer', 'BatchLossScorer')):
        options = sampler.get(part) or default
        options = dict(type=options) if isinstance(options, str) else dict(options)
        name = str(options.pop('type'))
        shown = ', '.join(f'{key}={value}' for key, value in options.items() if key[0] != '_')
        facts.append(f'{name}({shown})' if shown else name)
    batch_size = (run.config or {}).get('train_dataloader', {}).get('batch_size')
    return facts + ([f'batch size {batch_size}'] if batch_size else [])


def _headline(run: Run, full: Optional[Run]) -> List[Tuple[str, str]]:
    """Returns number and caption of each card."""
    summary = run.summary
    cards = []
    if summary:
        cards.append((f'{summary["pruned"]:.1%}', f'of {summary["samples_unpruned"]:,} pruned'))
    seconds = run.seconds or summary.get('training_seconds')
    if full and full.seconds and run.seconds:
        saved = 1 - run.seconds / full.seconds
        caption = (
            f'of training time saved: {run.seconds:,.0f}\u00a0s, not {full.seconds:,.0f}\u00a0s'
        )
        cards.append((f'{saved:.1%}', caption))
    elif seconds:
        cards.append((f'{seconds:,.0f} s', 'of training'))
    if full and run.metrics and full.metrics:
        name = next((name for name in run.metrics if name in full.metrics), None)
        if name:
            change = run.metrics[name] - full.metrics[name]
            caption = f'{name}: {run.metrics[name]:.4g}, in full {full.metrics[name]:.4g}'
            cards.append((f'{change:+.3g}', caption))
    if summary:
        parts = ('planning', 'scoring', 'recording')
        own = sum(summary.get(f'{part}_seconds', 0) for part in parts)
        share = own / max(summary['training_seconds'], 1e-9)
        cards.append((f'{share:.2%}', f'of the time is pruning itself, {own:.1f} s'))
    return cards


def _compare_metrics(run: Run, full: Optional[Run]) -> List[Tuple[str, float, Optional[float]]]:
    numbers = {k: v for k, v in run.metrics.items() if isinstance(v, (int, float))}
    return [(name, value, full.metrics.get(name) if full else None)
            for name, value in numbers.items()]  # fmt: skip


def _charts(run, full, table: SampleTable, pictures, progress) -> List[Chart]:
    history = run.history
    charts = [
        Chart('Kept share', 'What each epoch trains on.', figures.kept_share(history)),
        Chart('Scores', 'Distribution over the samples, after each epoch.',
              figures.score_bands(history)),
        Chart('Kept and pruned', 'Which scores the latest epoch that pruned kept, and which not.',
              figures.kept_and_pruned_scores(history)),
    ]  # fmt: skip
    for name, title, log in (('lr', 'Learning rate', False), ('loss', 'Loss', True)):
        curve = run.curve(name)
        if curve.size:
            length = _full_epoch_length(run)
            other = full.curve(name, length) if full else None
            figure = figures.curves(curve, other, title.lower(), log)
            charts.append(Chart(title, 'Against progress, not iterations.', figure))
    if table.seen is not None:
        seen = figures.seen_counts(table, len(history))
        charts += [
            Chart('Times seen', 'How often each sample was trained on.', seen),
            Chart('Turnover', 'What each epoch swapped in and out.', figures.turnover(history)),
        ]
    if run.summary:
        charts.append(Chart('Cost', 'What pruning itself took.', figures.cost(run.summary)))
    if table.seen is not None and pictures is not None:
        charts += _group_charts(table, pictures, len(history), progress)
    return [chart for chart in charts if chart.figure is not None]


def _group_charts(table, pictures, num_epochs: int, progress) -> List[Chart]:
    step = -(-len(table.indices) // MOST_DESCRIBED)
    chosen = slice(None, None, step)
    described = [pictures.describe(int(index)) for index in progress(table.indices[chosen])]
    shares = table.seen[chosen] / num_epochs
    groups = (
        ('By source', [[sample.source] for sample in described]),
        ('By class', [sample.classes for sample in described]),
    )
    note = 'In which share of the epochs a sample was seen, in the mean.'
    return [
        Chart(title, note, figures.kept_by_group(shares, names), wide=title == 'By class')
        for title, names in groups
    ]


def _full_epoch_length(run: Run) -> Optional[float]:
    epochs = run.summary.get('epochs')
    return run.summary['iterations_unpruned'] / epochs if epochs else None


def _gallery(run, table: SampleTable, pictures: Pictures, count: int, progress) -> List[dict]:
    """Returns what the page shows of each chosen sample."""
    kinds: Dict[int, List[str]] = {}
    for kind, positions in choose_samples(table, count).items():
        for position in positions.tolist():
            kinds.setdefault(position, []).append(kind)
    cards = []
    for position in progress(kinds):
        index = int(table.indices[position])
        sample = pictures.describe(index)
        cards.append(
            dict(
                index=index,
                kinds=kinds[position],
                ranks=[round(float(q), 3) for q in table.quantiles[:, position] if q == q],
                score=float(table.scores[position]),
                volatility=float(table.volatility[position]),
                seen=None if table.seen is None else int(table.seen[position]),
                unseen=None if table.unseen is None else int(table.unseen[position]),
                picture=as_data_uri(pictures.paint(index)),
                epochs=len(run.history),
                **sample._asdict(),
            )
        )
    return cards


def as_data_uri(image: np.ndarray) -> str:
    """Returns a picture, not wider than a card, for an ``img`` tag.

    Args:
        image (np.ndarray): ``(H, W, 3)`` uint8, RGB.
    """
    import cv2

    height, width = image.shape[:2]
    if width > WIDEST_PICTURE:
        size = WIDEST_PICTURE, max(1, height * WIDEST_PICTURE // width)
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode('.jpg', image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return 'data:image/jpeg;base64,' + base64.b64encode(jpeg.tobytes()).decode()
