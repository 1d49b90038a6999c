"""Checks of the options of BLSSampler, and of the loop that it is used in."""

import inspect
from typing import Any, Dict, List, Mapping, Sequence, Sized

import numpy as np
from mmengine.logging import MessageHub
from mmengine.registry import Registry

from bls_mm.checks import check_bool, check_positive_int, is_int
from bls_mm.distributed import PLACEMENTS
from bls_mm.planning import PLANNER_OPTIONS
from bls_mm.registry import PRUNERS, SCORERS, as_written
from bls_mm.scorers import Scorer

from .order import RUN_LENGTHS

HOOK_OPTIONS = ('components', 'schedule', 'reset_scores', 'history_mb')  # of BLSHook
NEEDS_HOOK = (
    "BLSSampler needs BLSHook in an MMEngine run; add default_hooks=dict(bls=dict(type='bls_mm."
    "BLSHook')), or, in a loop of your own, give BLSSampler max_epochs"
)


def check_options(
    dataset: Sized,
    flags: Dict[str, Any],
    counts: Dict[str, Any],
    seed: Any,
    placement: Any,
    run_length: Any,
) -> None:
    """Raises an error of one sentence if an option of BLSSampler is wrong.

    Args:
        dataset (Sized): Must not be empty.
        flags (dict[str, bool]): Options that must be True or False.
        counts (dict[str, int]): Options that must be positive integers.
        seed (int, optional): An integer of at least 0, or None.
        placement (str): One of ``PLACEMENTS``.
        run_length (int): One of ``RUN_LENGTHS``.

    Raises:
        TypeError: If the data set has no length.
        ValueError: If an option has a value that is not allowed.
    """
    if not hasattr(dataset, '__len__'):
        raise TypeError(
            f'dataset must have a length, but {type(dataset).__name__} has none: samples of a '
            'stream have no scores; use a data set with __len__ and __getitem__'
        )
    if len(dataset) == 0:
        raise ValueError('dataset is empty; check ann_file, data_root and filter_cfg')
    if placement not in PLACEMENTS:
        raise ValueError(f'placement must be one of {", ".join(PLACEMENTS)}, but got {placement!r}')
    if not is_int(run_length) or run_length not in RUN_LENGTHS:
        raise ValueError(
            f'run_length must be a power of two from 1 to {RUN_LENGTHS[-1]:,}, but got '
            f'{run_length!r}'
        )
    for option, value in flags.items():
        check_bool(option, value)
    for option, value in counts.items():
        check_positive_int(option, value)
    if seed is not None and (not isinstance(seed, (int, np.integer)) or seed < 0):
        raise ValueError(f'seed must be an integer of at least 0, or None, but got {seed!r}')


def refuse_misplaced(options: Mapping[str, Any], pruner: Any, scorer: Any) -> None:
    """Raises an error if an option of the sampler belongs to its pruner, scorer, or BLSHook.

    Args:
        options (mapping[str, object]): Options that BLSSampler does not have.
        pruner (dict or Pruner): The pruner that the user wrote.
        scorer (dict, str or Scorer): The scorer that the user wrote.

    Raises:
        TypeError: If an option belongs elsewhere.
    """
    for name, value in options.items():
        if name in HOOK_OPTIONS:
            raise TypeError(
                f'BLSSampler has no option {name!r}, which belongs to the hook; write '
                f"default_hooks=dict(bls=dict(type='bls_mm.BLSHook', {name}={value!r}))"
            )
        for part, cfg, registry, shared in (
            ('pruner', pruner, PRUNERS, PLANNER_OPTIONS),
            ('scorer', scorer, SCORERS, ()),
        ):
            own = dict(cfg) if isinstance(cfg, dict) else dict(type=cfg)
            owners = _owners(registry, name, shared)
            if not owners:
                continue
            if own.get('type') not in owners:
                own = dict(type=owners[0])
            raise TypeError(
                f'BLSSampler has no option {name!r}, which belongs in {part}=dict(...); write '
                f'{as_written(part, {**own, name: value})}'
            )


def _owners(registry: Registry, name: str, shared: Sequence[str]) -> List[str]:
    """Returns the types that have an option; first 'auto', if all pruners share it."""
    registry.import_from_location()
    return (['auto'] if name in shared else []) + [
        kind
        for kind, found in sorted(registry.module_dict.items())
        if name in shared or (name in inspect.signature(found).parameters and name != 'num_samples')
    ]


def check_length(dataset: Sized, num_samples: int) -> None:
    """Raises a ValueError if a data set has another length than when its sampler was built."""
    if len(dataset) != num_samples:
        raise ValueError(
            f'the training set has changed its length from {num_samples:,} to {len(dataset):,} '
            'samples, so its scores belong to other samples; build a new loader for the new data'
        )


def check_scorer(scorer: Scorer, num_samples: int) -> None:
    """Raises a ValueError if a scorer was built for another number of samples."""
    given = len(getattr(scorer, 'scores', ()))  # set by Scorer.__init__
    if given != num_samples:
        raise ValueError(
            f'scorer must be for {num_samples:,} samples, but got a {type(scorer).__name__} for '
            f'{given:,}; give its config instead of an object'
        )


def is_mmengine_training() -> bool:
    """Whether an MMEngine runner is training, or was interrupted while it did."""
    # Checked with mmengine 0.10.7: ManagerMixin keeps its instances in _instance_dict. To ask for
    # the current one would create it.
    hubs = list(MessageHub._instance_dict.values())
    return bool(hubs) and hubs[-1].runtime_info.get('loop_stage') == 'train'
