"""Checks of the options of BLSHook. Each error is one sentence."""

import inspect
import math
from typing import Any, Dict, Mapping, Optional

from bls_mm.planning.planner_options import PLANNER_OPTIONS
from bls_mm.samplers import BLSSampler

from .clock import SCHEDULES


def check_hook_options(
    components: Optional[Dict[str, float]], schedule: str, reset_scores: bool
) -> None:
    """Raises a ValueError if an option of BLSHook has a value that is not allowed.

    Args:
        components (dict[str, float], optional): Names of losses and finite weights.
        schedule (str): One of ``SCHEDULES``.
        reset_scores (bool): True or False.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f'schedule must be one of {SCHEDULES}, but got {schedule!r}')
    if not isinstance(reset_scores, bool):
        raise ValueError(f'reset_scores must be True or False, but got {reset_scores!r}')
    if components is None:
        return
    has_weights = isinstance(components, dict) and all(
        isinstance(weight, (int, float)) and math.isfinite(weight) for weight in components.values()
    )
    if not has_weights or not components:
        raise ValueError(
            f'components must be a dict of loss names and weights, but got {components!r}; write '
            'for example components=dict(loss_cls=1.0, loss_bbox=0.5)'
        )


def refuse_options_of_sampler(options: Mapping[str, Any]) -> None:
    """Raises a TypeError if an option of BLSHook belongs to BLSSampler or to its pruner."""
    for name, value in options.items():
        if name in PLANNER_OPTIONS:
            raise TypeError(
                f'BLSHook has no option {name!r}, which belongs in pruner=dict(...); write '
                f"train_dataloader=dict(sampler=dict(type='bls_mm.BLSSampler', "
                f"pruner=dict(type='auto', {name}={value!r})))"
            )
        # For the class itself, Python 3.8 returns the signature of Generic.__new__.
        if name in inspect.signature(BLSSampler.__init__).parameters:
            raise TypeError(
                f'BLSHook has no option {name!r}, which belongs to the sampler; write '
                f"train_dataloader=dict(sampler=dict(type='bls_mm.BLSSampler', {name}={value!r}))"
            )
