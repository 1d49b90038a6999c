"""Builds the planner of a run from the config of its pruner."""

from typing import Any, Optional, Sized, Union

from bls_mm.deprecation import modernise_pruner
from bls_mm.ops.shards import WHOLE, Shards
from bls_mm.pruners import Pruner
from bls_mm.registry import PRUNERS, build

from .planner import Planner

#: The options of :class:`Planner`, which every pruner has in its config.
PLANNER_OPTIONS = ('delta', 'interval', 'target_savings', 'guards', 'compensation')
#: What ``pruner='auto'`` stands for.
RECOMMENDED = dict(type='EpsilonGreedy', target_savings=0.3, compensation='learning_rate')


def build_planner(
    cfg: Union[dict, str, Pruner], dataset: Optional[Sized] = None, shards: Shards = WHOLE
) -> Planner:
    """Builds the planner of a pruner.

    Args:
        cfg (dict, str or Pruner): Config of a pruner, with the options of :class:`Planner` that
            every pruner has; or ``'auto'``; or a pruner.
        dataset (Sized, optional): The training set, for the guards. Without it they are not
            prepared, which is enough to check the options.
        shards (Shards): Where the samples are. Defaults to all of them here.

    Raises:
        KeyError: If there is no such pruner or guard.
        TypeError: If an option is unknown.
        ValueError: If an option has a value that is not allowed.
    """
    options, written = {}, None
    if is_auto(cfg):
        written = cfg if isinstance(cfg, dict) else dict(type=cfg)
        cfg = recommended(cfg)
    if isinstance(cfg, dict):
        cfg = modernise_pruner(cfg)
        written = cfg if written is None else written
        options = {name: cfg[name] for name in PLANNER_OPTIONS if name in cfg}
        cfg = {name: value for name, value in cfg.items() if name not in PLANNER_OPTIONS}
    pruner = build(PRUNERS, 'pruner', cfg, Pruner, PLANNER_OPTIONS, written)
    planner = Planner(pruner, **options, shards=shards)
    if dataset is not None:
        for guard in planner.guards:
            guard.prepare(dataset)
    return planner


def is_auto(pruner: Any) -> bool:
    """Whether the config of a pruner asks for the recommended setting."""
    return (pruner.get('type') if isinstance(pruner, dict) else pruner) == 'auto'


def recommended(pruner: Any) -> dict:
    """Returns the config of the pruner that ``'auto'`` stands for.

    Args:
        pruner (str or dict): ``'auto'``, or a dict of that type; its other options are kept, such
            as ``dict(type='auto', target_savings=0.2)``.
    """
    options = dict(pruner) if isinstance(pruner, dict) else {}
    return {**RECOMMENDED, **options, 'type': RECOMMENDED['type']}
