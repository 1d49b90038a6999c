"""The charts of a report as Plotly figures. The page sets the colours of text and grid."""

from typing import Dict, List, Optional

import numpy as np
import plotly.graph_objects as go

from bls_mm.records import EpochRecord

from .samples import SampleTable, mean_by_group, swapped_fractions

PRUNED, FULL, OTHER, GREY = '#2f81f7', '#e0873a', '#2ba58a', '#8b96a5'
SHADES = 'rgba(47,129,247,0.15)', 'rgba(47,129,247,0.3)'
MAX_BARS = 24
LINE = 0.02  # width of a line, as a fraction of the height of a chart
NEARLY_ALL = 0.95


def kept_fraction(history: List[EpochRecord]) -> go.Figure:
    """Plots the fraction of the training set that each epoch keeps."""
    fractions = [record.num_kept / record.num_samples for record in history]
    figure = go.Figure(go.Bar(x=_epochs(history), y=fractions, marker_color=PRUNED))
    return _named(figure, 'epoch', 'fraction kept', y_format='.0%', y_range=(0, 1.02))


def score_bands(history: List[EpochRecord]) -> go.Figure:
    """Plots percentiles of the scores after each epoch: the median, middle 50 % and middle 90 %."""
    levels = np.array(
        [np.nanquantile(record.scores.astype(float), (0.05, 0.25, 0.5, 0.75, 0.95))
         for record in history if not np.isnan(record.scores).all()]
    ).reshape(-1, 5).T  # fmt: skip
    epochs = _epochs([record for record in history if not np.isnan(record.scores).all()])
    figure = go.Figure()
    for low, high, shade, name in ((0, 4, 0, 'middle 90 %'), (1, 3, 1, 'middle 50 %')):
        figure.add_scatter(
            x=[*epochs, *epochs[::-1]],
            y=[*levels[high], *levels[low][::-1]],
            fill='toself',
            fillcolor=SHADES[shade],
            line_width=0,
            mode='lines',
            name=name,
            hoverinfo='skip',
        )
    figure.add_scatter(x=epochs, y=levels[2], line_color=PRUNED, name='median')
    return _named(figure, 'epoch', 'score')


def kept_and_pruned_scores(history: List[EpochRecord]) -> Optional[go.Figure]:
    """Plots the scores of kept and pruned samples in the last epoch that pruned."""
    pairs = [
        (before, after)
        for before, after in zip(history, history[1:])
        if len(after.keep) and after.num_kept < after.num_samples
    ]
    if not pairs:
        return None
    before, after = pairs[-1]
    scores = before.scores.astype(float)
    kept = after.kept[:: before.stride]
    edges = np.histogram_bin_edges(scores[~np.isnan(scores)], bins=60)
    figure = go.Figure()
    for mask, name, colour in ((kept, 'kept', PRUNED), (~kept, 'pruned', GREY)):
        counts, _ = np.histogram(scores[mask], edges)
        figure.add_bar(x=(edges[:-1] + edges[1:]) / 2, y=counts, name=name, marker_color=colour)
    figure.update_layout(barmode='stack', bargap=0)
    return _named(figure, f'score before epoch {after.epoch + 1}', 'samples')


def curves(own: np.ndarray, others: Dict[str, np.ndarray], name: str, log: bool) -> go.Figure:
    """Plots a logged number of a run, and of others, against finished epochs.

    The other curves are wider, so that they stay visible below the curve of the run.

    Args:
        own (np.ndarray): ``(2, n)``, epochs and values of the run.
        others (dict[str, np.ndarray]): Name to the same of another run.
        name (str): Name of the values.
        log (bool): Whether the axis is logarithmic.
    """
    figure = go.Figure()
    for (label, values), colour, width in zip(others.items(), (FULL, OTHER), (7, 4)):
        line = dict(color=colour, width=width)
        figure.add_scatter(x=values[0], y=values[1], name=label, line=line, opacity=0.6)
    figure.add_scatter(x=own[0], y=own[1], name='this run', line=dict(color=PRUNED, width=2))
    figure.update_layout(showlegend=bool(others))
    return _named(figure, 'epochs finished', name, y_type='log' if log else None)


def coincide(own: np.ndarray, other: np.ndarray) -> bool:
    """Whether one curve hides another: nearly all values differ by less than a line's width.

    Args:
        own (np.ndarray): ``(2, n)``, epochs and values.
        other (np.ndarray): ``(2, m)``, the same of the other curve.
    """
    there = np.interp(own[0], *other)
    height = np.ptp(np.concatenate([own[1], other[1]])) or 1.0
    return bool(np.mean(np.abs(there - own[1]) < LINE * height) >= NEARLY_ALL)


def seen_counts(table: SampleTable, num_epochs: int) -> go.Figure:
    """Plots the distribution of the number of epochs that kept a sample."""
    counts = np.bincount(table.seen, minlength=num_epochs + 1)
    figure = go.Figure(
        go.Bar(x=np.arange(len(counts)), y=counts / counts.sum(), marker_color=PRUNED)
    )
    x = f'epochs that kept the sample, of {num_epochs}'
    return _named(figure, x, 'fraction of samples', y_format='.0%')


def turnover(history: List[EpochRecord]) -> Optional[go.Figure]:
    """Plots the fraction of the training set that joined and left at each epoch."""
    fractions = swapped_fractions(history)
    epochs = fractions['epoch']
    if not len(epochs):
        return None
    figure = go.Figure()
    figure.add_bar(x=epochs, y=fractions['joined'], name='joined', marker_color=OTHER)
    figure.add_bar(x=epochs, y=-fractions['left'], name='left', marker_color=GREY)
    figure.update_layout(barmode='relative')
    return _named(figure, 'epoch', 'fraction of the training set', y_format='.0%')


def kept_by_group(fractions: np.ndarray, groups: List[List[str]]) -> Optional[go.Figure]:
    """Plots the mean fraction of epochs that kept a sample, for each group of samples.

    Args:
        fractions (np.ndarray): ``(n,)``, fraction of the epochs that kept each sample.
        groups (list[list[str]]): The groups of each sample.
    """
    means = mean_by_group(fractions, groups)
    if len(means) < 2:
        return None
    names = list(means)
    if len(names) > MAX_BARS:
        names = names[: MAX_BARS // 2] + names[-MAX_BARS // 2 :]
    figure = go.Figure(
        go.Bar(
            x=[means[name][0] for name in names],
            y=names,
            orientation='h',
            marker_color=PRUNED,
            text=[f'{means[name][0]:.1%} ({means[name][1]:,} samples)' for name in names],
            hoverinfo='y+text',
        )
    )
    figure.update_yaxes(dtick=1)  # show the name of every group
    figure.update_layout(height=max(280, 90 + 26 * len(names)))
    x = 'mean fraction of epochs'  # longer names do not fit a phone
    return _named(figure, x, '', x_format='.0%', y_type='category')  # digits are names, too


def cost(summary: dict) -> go.Figure:
    """Plots the seconds that pruning itself took, relative to the training time."""
    parts = {
        part: summary.get(f'{part}_seconds', 0.0) for part in ('planning', 'scoring', 'recording')
    }
    whole = max(summary['training_seconds'], 1e-9)
    figure = go.Figure(
        go.Bar(
            x=[seconds / whole for seconds in parts.values()],
            y=list(parts),
            orientation='h',
            marker_color=[PRUNED, OTHER, GREY],
            text=[f'{seconds:.2f} s' for seconds in parts.values()],
            textposition='outside',
        )
    )
    figure = _named(figure, 'fraction of the training time', '', x_format='.2%')
    longest = max(parts.values()) or whole
    return figure.update_xaxes(range=(0, 1.25 * longest / whole))  # room for the text


def _epochs(history: List[EpochRecord]) -> List[int]:
    return [record.epoch + 1 for record in history]


def _named(
    figure: go.Figure, x: str, y: str, x_format=None, y_format=None, y_range=None, y_type=None
) -> go.Figure:
    """Labels and formats the axes of a figure."""
    figure.update_xaxes(title_text=x, tickformat=x_format)
    figure.update_yaxes(title_text=y, tickformat=y_format, range=y_range, type=y_type)
    figure.update_yaxes(exponentformat='e')  # 8e-4, not 800µ
    figure.update_layout(template=None)
    return figure
