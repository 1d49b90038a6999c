"""The charts of a report, with titles and captions."""

from typing import Callable, Dict, Iterable, List, NamedTuple, Optional

from . import figures
from .pictures import Pictures
from .samples import SampleTable
from .work_dir import Run

MAX_DESCRIBED = 20_000  # samples whose class is looked up; more would not change the means


class Chart(NamedTuple):
    """A chart of the page.

    Attributes:
        title (str): Its title.
        note (str): Its caption.
        figure (plotly.graph_objects.Figure): The figure.
        wide (bool): Whether it takes the whole width.
    """

    title: str
    note: str
    figure: object
    wide: bool = False


def charts_of(
    run: Run,
    others: Dict[str, Run],
    table: SampleTable,
    pictures: Optional[Pictures],
    progress: Callable[[Iterable], Iterable],
) -> List[Chart]:
    """Returns the charts of a run.

    Args:
        run (Run): The run.
        others (dict[str, Run]): Name to run, to compare curves with.
        table (SampleTable): The samples of the run.
        pictures (Pictures, optional): The training set. Without it there are no charts by class.
        progress (callable): Wraps long loops, for example ``tqdm``.
    """
    history = run.history
    charts = [
        Chart('Fraction kept', 'Samples that each epoch trains on.',
              figures.kept_fraction(history)),
        Chart('Scores', 'Percentiles over the samples after each epoch; high means hard.',
              figures.score_bands(history)),
        Chart('Kept and pruned', 'Scores of the samples in the last epoch that pruned.',
              figures.kept_and_pruned_scores(history)),
    ]  # fmt: skip
    for name, title, log in (('lr', 'Learning rate', False), ('loss', 'Loss', True)):
        curve = run.curve(name)
        if curve.size:
            length = _full_epoch_length(run)
            theirs = {key: other.curve(name, length) for key, other in others.items()}
            theirs = {key: values for key, values in theirs.items() if values.size}
            figure = figures.curves(curve, theirs, title.lower(), log)
            note = 'Against epochs, not iterations.'
            hidden = [key for key, values in theirs.items() if figures.coincide(curve, values)]
            if hidden:
                note += f' The curve of this run covers that of: {", ".join(hidden)}.'
            charts.append(Chart(title, note, figure))
    if table.seen is not None:
        seen = figures.seen_counts(table, len(history))
        swapped = figures.turnover(history)
        charts += [
            Chart('Times seen', 'Number of epochs that trained on a sample.', seen),
            Chart('Turnover', 'Samples that joined and left at each epoch.', swapped),
        ]
    if run.summary:
        charts.append(Chart('Cost', 'Time that pruning itself took.', figures.cost(run.summary)))
    if table.seen is not None and pictures is not None:
        charts += _group_charts(table, pictures, len(history), progress)
    return [chart for chart in charts if chart.figure is not None]


def _group_charts(table, pictures, num_epochs: int, progress) -> List[Chart]:
    step = -(-len(table.indices) // MAX_DESCRIBED)
    chosen = slice(None, None, step)
    described = [pictures.try_describe(int(index))[0] for index in progress(table.indices[chosen])]
    fractions = table.seen[chosen] / num_epochs
    groups = (
        ('By source', [[sample.source] if sample.source else [] for sample in described]),
        ('By class', [sample.classes for sample in described]),
    )
    note = 'Mean fraction of the epochs that trained on a sample.'
    return [
        Chart(title, note, figures.kept_by_group(fractions, names), wide=title == 'By class')
        for title, names in groups
    ]


def _full_epoch_length(run: Run) -> Optional[float]:
    """Returns the iterations of an unpruned epoch, if the run has a summary."""
    epochs = run.summary.get('epochs')
    return run.summary['iterations_unpruned'] / epochs if epochs else None
