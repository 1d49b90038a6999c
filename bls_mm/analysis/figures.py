"""The charts of a report, as plain figures: colours of text and grid are the page's."""

from typing import List, Optional

import numpy as np
import plotly.graph_objects as go

from bls_mm.hooks.history import EpochRecord

from .samples import SampleTable, mean_by_group, swapped_shares

PRUNED, FULL, OTHER, GREY = '#2f81f7', '#e0873a', '#2ba58a', '#8b96a5'
SHADES = 'rgba(47,129,247,0.15)', 'rgba(47,129,247,0.3)'
MOST_BARS = 24


def kept_share(history: List[EpochRecord]) -> go.Figure:
    """Which share of the data set each epoch keeps."""
    shares = [record.num_kept / record.num_samples for record in history]
    figure = go.Figure(go.Bar(x=_epochs(history), y=shares, marker_color=PRUNED))
    return _named(figure, 'epoch', 'share kept', y_format='.0%', y_range=(0, 1.02))


def score_bands(history: List[EpochRecord]) -> go.Figure:
    """The distribution of scores after each epoch: median, middle half, middle 90 %."""
    levels = np.array(
        [np.nanquantile(record.scores.astype(float), (0.05, 0.25, 0.5, 0.75, 0.95))
         for record in history if not np.isnan(record.scores).all()]
    ).reshape(-1, 5).T  # fmt: skip
    epochs = _epochs([record for record in history if not np.isnan(record.scores).all()])
    figure = go.Figure()
    for low, high, shade, name in ((0, 4, 0, 'middle 90 %'), (1, 3, 1, 'middle half')):
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
    """By which scores the last epoch that pruned kept and pruned."""
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


def curves(pruned: np.ndarray, full: Optional[np.ndarray], name: str, log: bool) -> go.Figure:
    """A logged number of a run, and of a full one, against epochs done.

    Args:
        pruned (np.ndarray): ``(2, n)``, epochs and values.
        full (np.ndarray, optional): The same of the full run.
        name (str): What the values are.
        log (bool): Whether the axis is logarithmic.
    """
    figure = go.Figure()
    if full is not None:
        figure.add_scatter(x=full[0], y=full[1], name='full run', line=dict(color=FULL, width=1.5))
    figure.add_scatter(x=pruned[0], y=pruned[1], name='this run', line=dict(color=PRUNED, width=2))
    figure.update_layout(showlegend=full is not None)
    return _named(figure, 'epochs done', name, y_type='log' if log else None)


def seen_counts(table: SampleTable, num_epochs: int) -> go.Figure:
    """How many samples were seen how often."""
    counts = np.bincount(table.seen, minlength=num_epochs + 1)
    figure = go.Figure(
        go.Bar(x=np.arange(len(counts)), y=counts / counts.sum(), marker_color=PRUNED)
    )
    return _named(figure, f'times seen in {num_epochs} epochs', 'share of samples', y_format='.0%')


def turnover(history: List[EpochRecord]) -> Optional[go.Figure]:
    """Which share of the data set each epoch brought in and dropped."""
    shares = swapped_shares(history)
    if not len(shares['epoch']):
        return None
    figure = go.Figure()
    figure.add_bar(x=shares['epoch'], y=shares['joined'], name='brought in', marker_color=OTHER)
    figure.add_bar(x=shares['epoch'], y=-shares['left'], name='dropped', marker_color=GREY)
    figure.update_layout(barmode='relative')
    return _named(figure, 'epoch', 'share of the data set', y_format='.0%')


def kept_by_group(shares: np.ndarray, groups: List[List[str]]) -> Optional[go.Figure]:
    """In which share of the epochs the samples of each group were seen, in the mean.

    Args:
        shares (np.ndarray): ``(n,)``, in which share of the epochs each sample was seen.
        groups (list[list[str]]): The groups of each.
    """
    means = mean_by_group(shares, groups)
    if len(means) < 2:
        return None
    names = list(means)
    if len(names) > MOST_BARS:
        names = names[: MOST_BARS // 2] + names[-MOST_BARS // 2 :]
    figure = go.Figure(
        go.Bar(
            x=[means[name][0] for name in names],
            y=names,
            orientation='h',
            marker_color=PRUNED,
            text=[f'{means[name][0]:.1%} of {means[name][1]:,}' for name in names],
            hoverinfo='y+text',
        )
    )
    figure.update_yaxes(dtick=1)  # the name of every group
    figure.update_layout(height=90 + 26 * len(names))
    x = 'share of the epochs that saw a sample'
    return _named(figure, x, '', x_format='.0%', y_type='category')  # also where names are digits


def cost(summary: dict) -> go.Figure:
    """What pruning itself took of the time of training."""
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
    figure.update_layout(height=190)
    figure = _named(figure, 'share of the training time', '', x_format='.2%')
    longest = max(parts.values()) or whole
    return figure.update_xaxes(range=(0, 1.25 * longest / whole))  # room for the text


def _epochs(history: List[EpochRecord]) -> List[int]:
    return [record.epoch + 1 for record in history]


def _named(
    figure: go.Figure, x: str, y: str, x_format=None, y_format=None, y_range=None, y_type=None
) -> go.Figure:
    figure.update_xaxes(title_text=x, tickformat=x_format)
    figure.update_yaxes(title_text=y, tickformat=y_format, range=y_range, type=y_type)
    figure.update_layout(template=None)
    return figure
