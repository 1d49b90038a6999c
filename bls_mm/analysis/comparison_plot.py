"""Plots the metric of each method against the samples seen."""

from pathlib import Path
from typing import List

from bls_mm.records.files import write_atomically

from .comparison import Row
from .methods import BASELINES, FEWER, RANDOM, UNPRUNED

STYLES = {RANDOM: '--^', FEWER: '-v'}


def plot_comparison(rows: List[Row], metric: str, path: Path) -> None:
    """Plots mean and standard deviation over the seeds. The baselines are lines, methods points."""
    import matplotlib

    matplotlib.use('agg')
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5), layout='constrained')
    full = [row for row in rows if row.kind == UNPRUNED]  # where the line of a baseline starts
    baselines = {(row.kind, row.compensation or '') for row in rows if row.kind in BASELINES}
    for kind, compensation in sorted(baselines):
        own = [row for row in rows if (row.kind, row.compensation or '') == (kind, compensation)]
        label = f'{kind}, {compensation}' if compensation else kind
        _draw(axes, full + own, STYLES[kind], label, color='black' if compensation else 'grey')
    for row in rows:
        if row.kind not in BASELINES:
            _draw(axes, [row], 'o', row.name)
    axes.set(xlabel='samples seen', ylabel=metric)
    axes.xaxis.set_major_formatter(lambda value, _: f'{value:,.0f}')
    axes.grid(alpha=0.3)
    axes.legend(fontsize='small')
    write_atomically(path, lambda file: figure.savefig(file, dpi=150, format=path.suffix[1:]))
    plt.close(figure)


def _draw(axes, rows: List[Row], style: str, label: str, **options) -> None:
    if rows:
        axes.errorbar(
            [row.samples for row in rows],
            [row.metric for row in rows],
            yerr=[row.spread or 0 for row in rows],
            fmt=style,
            label=label,
            capsize=3,
            **options,
        )
