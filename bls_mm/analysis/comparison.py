"""Methods side by side: how they are written, which baselines they need, what they came to."""

import ast
import re
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev
from typing import Dict, List, NamedTuple, Optional

SAME_BUDGET = 0.02  # savings that differ by no more are held against the same baselines
RANDOM = 'DynamicRandom'
BASELINES = (RANDOM, 'FewerPasses')  # random samples, and fewer epochs
UNPRUNED = 'NoPruning'


class Method(NamedTuple):
    """What is compared.

    Attributes:
        name (str): As it was written.
        pruner (dict, optional): Config of the pruner; None where a config file says all.
        scorer (dict, optional): Config of the scorer; None for the sampler's default.
    """

    name: str
    pruner: Optional[dict] = None
    scorer: Optional[dict] = None

    @property
    def folder(self) -> str:
        """The name, as a folder can be called."""
        return re.sub(r'[^\w.=+-]+', '_', self.name.replace(' ', '')).strip('_')

    @property
    def is_baseline(self) -> bool:
        """Whether it looks at no score, so that others are held against it."""
        return self.pruner is not None and self.pruner['type'] in (UNPRUNED, *BASELINES)


def parse_method(text: str) -> Method:
    """Reads a method: ``pruner`` or ``pruner + scorer``, with options as Python writes them.

    Args:
        text (str): Such as ``'SeTa'``, ``'InfoBatch(prune_ratio=0.3)'``, or
            ``'InfoBatch + BatchLossScorer(alpha=0.9)'``; or a config file, ending with ``.py``.

    Returns:
        Method: The method.

    Raises:
        ValueError: If it cannot be read.
    """
    if text.endswith('.py'):
        return Method(text)
    try:
        node = ast.parse(text.strip(), mode='eval').body
        parts = [node.left, node.right] if isinstance(node, ast.BinOp) else [node]
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Add):
            raise ValueError
        return Method(text, *map(_as_config, parts))
    except (SyntaxError, ValueError) as error:
        raise ValueError(
            f'method {text!r} cannot be read; write for example SeTa, '
            "'InfoBatch(prune_ratio=0.3) + BatchLossScorer(alpha=0.9)', or a config file"
        ) from error


def _as_config(node: ast.expr) -> dict:
    """Turns ``Name(option=value)`` into ``dict(type='Name', option=value)``."""
    if not isinstance(node, ast.Call):
        node = ast.Call(node, [], [])
    if node.args or any(keyword.arg is None for keyword in node.keywords):
        raise ValueError
    options = {keyword.arg: _value(keyword.value) for keyword in node.keywords}
    return dict(type=_dotted(node.func), **options)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f'{_dotted(node.value)}.{node.attr}'
    if isinstance(node, ast.Name):
        return node.id
    raise ValueError


def _value(node: ast.expr):
    """A literal, or ``dict(...)`` and lists of it, as configs are written."""
    if isinstance(node, ast.Call) and _dotted(node.func) == 'dict' and not node.args:
        return {keyword.arg: _value(keyword.value) for keyword in node.keywords}
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(element) for element in node.elts]
    return ast.literal_eval(node)


def baselines_of(runs: List[dict], same: float = SAME_BUDGET) -> List[Method]:
    """Lists the baselines of some runs: each at the budgets that the methods really used.

    Budgets are put together from the smallest on, as long as they differ by no more than ``same``.

    Args:
        runs (list[dict]): Finished runs, see :class:`Row`.
        same (float): Which difference in savings makes no new budget.

    Returns:
        list[Method]: Random samples and fewer epochs, by turns, for each budget.
    """
    saved = sorted(row.saved for row in rows_of(runs) if not row.is_baseline)
    budgets: List[List[float]] = []
    for share in saved:
        if not budgets or share - budgets[-1][0] > same:
            budgets.append([])
        budgets[-1].append(share)
    shares = [round(mean(budget), 2) for budget in budgets]
    return [
        parse_method(f'{baseline}(prune_ratio={share})')
        for share in shares
        for baseline in BASELINES
        if share > 0
    ]


class Row(NamedTuple):
    """The runs of one method.

    Attributes:
        name (str): The method.
        is_baseline (bool): Whether it looks at no score.
        seeds (list[int]): Seeds of its runs.
        metrics (list[float]): Metric of each run.
        samples (float): Samples seen, the mean of the runs.
        saved (float): Share of the samples that was saved, the mean of the runs.
        seconds (float): Training time, the mean of the runs.
    """

    name: str
    is_baseline: bool
    seeds: List[int]
    metrics: List[float]
    samples: float
    saved: float
    seconds: float

    @property
    def metric(self) -> float:
        """Mean of the metrics."""
        return mean(self.metrics)

    @property
    def kind(self) -> str:
        """The method without its options."""
        return self.name.split('(')[0]

    def beside(self, other: 'Row') -> List[float]:
        """Differences to the metrics of another method, of the seeds that both have.

        Runs of one seed start from the same weights, so these differ less than the metrics do.
        """
        theirs = dict(zip(other.seeds, other.metrics))
        return [
            metric - theirs[seed]
            for seed, metric in zip(self.seeds, self.metrics)
            if seed in theirs
        ]


def rows_of(runs: List[dict]) -> List[Row]:
    """Puts the runs of each method together, by samples seen, most first.

    Args:
        runs (list[dict]): Each with ``method``, ``is_baseline``, ``seed``, ``metric``,
            ``samples_seen``, ``pruned`` and ``seconds``.
    """
    of_method: Dict[str, List[dict]] = defaultdict(list)
    for run in runs:
        of_method[run['method']].append(run)
    rows = [
        Row(
            name,
            own[0]['is_baseline'],
            [run['seed'] for run in own],
            [run['metric'] for run in own],
            mean(run['samples_seen'] for run in own),
            mean(run['pruned'] for run in own),
            mean(run['seconds'] for run in own),
        )
        for name, own in of_method.items()
    ]
    return sorted(rows, key=lambda row: (-row.samples, row.name))


def as_markdown(rows: List[Row], metric: str) -> str:
    """Returns the table of a comparison, with metrics as they are in the log.

    Each method is held against the random samples of the budget that is nearest to its own, seed by
    seed: mean and standard deviation of the differences, and how many of them are above 0.
    """
    lines = [
        f'| method | samples seen | saved | training time | {metric} | of each seed '
        '| beside random |',
        '|---|---|---|---|---|---|---|',
    ]
    random = [row for row in rows if row.kind == RANDOM]
    for row in rows:
        digits = 3 if row.metric < 10 else 1
        each = ', '.join(f'{value:.{digits}f}' for value in row.metrics)
        others = [] if row in random else random
        nearest = sorted(others, key=lambda other: abs(other.saved - row.saved))[:1]
        differences = [difference for other in nearest for difference in row.beside(other)]
        lines.append(
            f'| {row.name} | {row.samples:,.0f} | {row.saved:.1%} | {row.seconds:.0f} s '
            f'| {_with_spread(row.metrics, f".{digits}f")} | {each} '
            f'| {_as_difference(differences, f"+.{max(digits, 2)}f")} |'
        )
    return '\n'.join(lines) + '\n'


def _spread(values: List[float]) -> Optional[float]:
    """Standard deviation over the seeds; None of a single run."""
    return stdev(values) if len(values) > 1 else None


def _with_spread(values: List[float], form: str) -> str:
    spread = _spread(values)
    return f'{mean(values):{form}}' + ('' if spread is None else f' ± {spread:{form.lstrip("+")}}')


def _as_difference(differences: List[float], form: str) -> str:
    if not differences:
        return ''
    above = sum(difference > 0 for difference in differences)
    return f'{_with_spread(differences, form)}, above in {above} of {len(differences)}'


def plot(rows: List[Row], metric: str, path: Path) -> None:
    """Draws the metric against the samples seen: mean and standard deviation over the seeds."""
    import matplotlib

    matplotlib.use('agg')
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5), layout='constrained')
    for kind, style in zip(BASELINES, ('--^', '-v')):
        own = [row for row in rows if row.kind in (UNPRUNED, kind)]  # one line from all samples on
        _draw(axes, own, style, kind, color='grey')
    for row in rows:
        if row.kind not in BASELINES:
            _draw(axes, [row], 'o', row.name)
    axes.set(xlabel='samples seen', ylabel=metric)
    axes.xaxis.set_major_formatter(lambda value, _: f'{value:,.0f}')
    axes.grid(alpha=0.3)
    axes.legend(fontsize='small')
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _draw(axes, rows: List[Row], style: str, label: str, **options) -> None:
    if rows:
        axes.errorbar(
            [row.samples for row in rows],
            [row.metric for row in rows],
            yerr=[_spread(row.metrics) or 0 for row in rows],
            fmt=style,
            label=label,
            capsize=3,
            **options,
        )
