"""Whether two runs belong to the same task, so that their results can be compared."""

from typing import Any, Iterator, Optional, Tuple

from .methods import RANDOM, UNPRUNED
from .work_dir import Run

DATA_OPTIONS = ('type', 'data_root', 'ann_file', 'data_prefix', 'split', 'indices', 'length')


def check_same_task(run: Run, other: Run, flag: str) -> None:
    """Raises an error if a run cannot be compared with another one.

    What a work dir does not say is not compared.

    Args:
        run (Run): The run to report.
        other (Run): The run to compare it with.
        flag (str): The flag that named it, such as ``'--full'``.

    Raises:
        ValueError: If data set, model or metrics differ, or if the flag is ``--random`` and the
            run prunes by scores, or ``--full`` and it prunes.
    """
    difference = _difference(run, other)
    if difference is not None:
        raise ValueError(
            f'{flag} {str(other.work_dir)!r} is a run of another task: its {difference}; give a '
            'run of the same data set and model'
        )
    sampler = _as_dict(_as_dict(other.config.get('train_dataloader')).get('sampler'))
    if not sampler:
        return
    usual = 'SeTa' if str(sampler.get('type')).endswith('BLSSampler') else UNPRUNED
    pruner = sampler.get('pruner') or usual
    pruner = str(_as_dict(pruner).get('type', pruner)).rsplit('.', 1)[-1]
    if flag == '--random' and pruner not in (RANDOM, 'StaticRandom'):
        raise ValueError(f'--random names a run with {pruner}; give a run with {RANDOM}')
    if flag == '--full' and pruner != UNPRUNED:
        raise ValueError(f'--full names a run that prunes with {pruner}; give a run on all samples')


def _difference(run: Run, other: Run) -> Optional[str]:
    """Returns the first difference as the end of a sentence that begins with "its"."""
    own, others = _data_of(run.config), _data_of(other.config)
    if own and others and own != others:
        pair = next(((a, b) for a, b in zip(own, others) if a != b), (own[-1], others[-1]))
        return f'training set has {_text(pair[1])}, instead of {_text(pair[0])}'
    sizes = [r.history[-1].num_samples for r in (run, other) if r.history]
    if len(set(sizes)) > 1:
        return f'training set has {sizes[1]:,} samples instead of {sizes[0]:,}'
    models = [_as_dict(r.config.get('model')).get('type') for r in (run, other)]
    if None not in models and models[0] != models[1]:
        return f'model is {models[1]} instead of {models[0]}'
    if run.metrics and other.metrics and not run.metrics.keys() & other.metrics.keys():
        first, second = (next(iter(r.metrics)) for r in (run, other))
        return f'metric is {second} instead of {first}'
    return None


def _data_of(config: dict) -> Tuple[Tuple[str, str], ...]:
    """Returns the options that determine a training set, of all its parts in order."""
    loader = _as_dict(config.get('train_dataloader'))
    return tuple(_options(loader.get('dataset')))


def _options(dataset: Any) -> Iterator[Tuple[str, str]]:
    if isinstance(dataset, (list, tuple)):
        for part in dataset:
            yield from _options(part)
    for name, value in sorted(_as_dict(dataset).items(), key=str):
        if name in DATA_OPTIONS:
            yield name, str(value)
        elif name in ('dataset', 'datasets'):
            yield from _options(value)


def _text(option: Tuple[str, str]) -> str:
    return f'{option[0]}={option[1]}'


def _as_dict(value: Any) -> dict:
    return value if isinstance(value, dict) else {}
