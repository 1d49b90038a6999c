"""Trains a config on stand-in data, and records the run."""

from itertools import count
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner
from shrink import BATCH_SIZE, shrink
from stand_in_captions import use_tiny_language
from stand_in_data import NUM_SAMPLES, replace_data
from witness import End, Witness

from bls_mm.config import attach_bls

COUNTER = count()  # MMEngine needs a different name for each run of a process


def make_small(cfg: Config, data: Path, work_dir: Path) -> Config:
    """Replaces the data of a config, shrinks its model, and makes its run repeatable.

    A config that does not prune, such as the baseline of a demo, gets SeTa.
    """
    if cfg.train_dataloader.sampler.type != 'bls_mm.BLSSampler':
        cfg = attach_bls(cfg, 'SeTa')
    replace_data(cfg.train_dataloader.dataset, data)
    shrink(cfg)
    use_tiny_language(cfg.model, data)
    if 'max_iters' in cfg.train_cfg:  # such a loop has no epochs at whose end it could stop
        cfg.train_cfg.max_iters = 2 * NUM_SAMPLES // BATCH_SIZE
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = f'config_{next(COUNTER)}'
    cfg.log_level = 'WARNING'
    cfg.randomness = dict(seed=0)
    return cfg


def train(cfg: Config, num_epochs: int = 2) -> Witness:
    """Trains the first epochs of a small config; returns the record of the run."""
    runner = Runner.from_cfg(cfg)
    witness = Witness()
    runner.register_hook(witness)
    runner.register_hook(End(witness, num_epochs))
    runner.train()
    return witness
