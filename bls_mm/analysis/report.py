"""Renders one HTML page that shows what pruning did to a run."""

import json
from pathlib import Path
from typing import Callable, Iterable, Optional, Tuple

from mmengine.config import Config

from .pictures import Pictures
from .report_charts import charts_of
from .report_gallery import gallery_of
from .report_head import cards_of, explain_score, facts_of, metric_rows
from .sample_info import innermost
from .samples import table_of
from .text import describe_error, encodable
from .verdict import verdict
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
    metric: Optional[str] = None,
) -> str:
    """Renders the page. A section lists what is missing or damaged.

    Args:
        run (Run): The run to report.
        full (Run, optional): The same training without pruning, for comparison.
        samples_of_kind (int): Number of samples of each kind in the gallery. Defaults to 24.
        progress (callable): Wraps long loops, for example ``tqdm``.
        config (Config, optional): Config of the run, from a file that the user named, to show its
            samples: to open a training set runs the code that its config names. Defaults to None.
        random (Run, optional): The same training on random samples, for comparison.
        metric (str, optional): End of the key, in MMEngine's log, of the metric that the verdict
            is about. Defaults to None: the one that :func:`main_metric` chooses.

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
    # What the run was trained with: the config that the user names may lack its flags.
    settings = run.config or (config.to_dict() if config else {})
    runs = {'full run': full, 'random samples': random}
    others = {name: other for name, other in runs.items() if other is not None}
    metrics = metric_rows(run, list(others.values()))
    charts = charts_of(run, others, table, pictures, progress)
    gallery = []
    if pictures:
        gallery = gallery_of(table, pictures, len(run.history), samples_of_kind, progress)
    shown = {kind for sample in gallery for kind in sample['kinds']}
    page = environment.get_template(TEMPLATE.name).render(
        title=run.work_dir.resolve().name,
        facts=facts_of(run, settings),
        verdict=verdict(run, full, random, metric),
        headline=cards_of(run, full, metric),
        score=explain_score(settings),
        others=list(others),
        metrics=metrics,
        has_dashes=any('–' in (row.value, *sum(row.others, ())) for row in metrics),
        charts=[(chart, json.loads(chart.figure.to_json())) for chart in charts],
        gallery=gallery,
        kinds={kind: name for kind, name in KINDS.items() if kind in shown},
        sources=sorted({sample['source'] for sample in gallery}),
        classes=sorted({name for sample in gallery for name in sample['classes']}),
        missing=[
            *run.missing,
            *(
                f'{name.capitalize()}: {line}'
                for name, other in others.items()
                for line in other.missing
            ),
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
