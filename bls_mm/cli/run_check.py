"""Checks a run: builds it, goes to the first iteration, and shows its plan."""

import sys
from typing import Optional

from mmengine.config import Config

from bls_mm.analysis.estimate import plan_run, size_of

from .dry_run import dry_run
from .plan_table import explain, table_of_plan
from .pruning_flags import check_components, prunes


def check_run_of(cfg: Config, num_samples: Optional[int] = None, num_gpus: int = 1) -> None:
    """Prints the plan of a run, or raises what its training would raise.

    Args:
        cfg (Config): The complete config.
        num_samples (int, optional): Length of a training set that is not here. Defaults to None,
            the data set is built.
        num_gpus (int): Number of GPUs. Defaults to 1.

    Raises:
        ValueError: If the config does not prune. Other errors are those of a training.
    """
    check_components(cfg)
    length, unchecked = dry_run(cfg, num_samples)
    if not prunes(cfg):
        raise ValueError('the config does not prune; add for example --target-savings 0.3')
    size = size_of(cfg, length, num_gpus)
    for line in table_of_plan(plan_run(cfg, size), size):
        print(line)
    for line in explain(cfg.to_dict()['train_dataloader']['sampler'].get('pruner')):
        print(line)
    checked = 'checked: training would reach its first iteration'
    if unchecked:
        checked += f'; not checked: {", ".join(unchecked)}'
    print(checked, file=sys.stderr)
