"""Estimates from a config alone what pruning would save, before any training.

The losses are simulated like those of a training from scratch. The estimated samples and iterations
are close to those of a real run. The accuracy cannot be estimated.
"""

import argparse
from typing import Iterator, Optional

from mmengine.config import Config

from bls_mm.analysis.adaptations import adaptations
from bls_mm.analysis.answer import answer, compare_scorers, score_line
from bls_mm.analysis.estimate import Estimate, RunSize, estimate, plan_run, size_of
from bls_mm.analysis.runs import seconds_per_iteration
from bls_mm.config import load_config

from .parser import add_config, positive_int
from .pruning_flags import add_pruning, apply_pruning, check_components, check_pruning

EXAMPLE = (
    'bls estimate mmdet::retinanet/retinanet_r50_fpn_1x_coco.py --target-savings 0.3 '
    '--num-samples 117266 --num-gpus 8'
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the command."""
    add_config(parser)
    add_pruning(parser)
    parser.add_argument(
        '--num-samples',
        type=positive_int,
        help='length of a training set that is not on this machine',
    )
    parser.add_argument('--num-gpus', type=positive_int, default=1, help='number of GPUs')
    parser.add_argument(
        '--log', help='work dir of an earlier run of this model, for the time of an iteration'
    )


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends the program if arguments do not fit together."""
    check_pruning(parser, args)


def to_config(args: argparse.Namespace) -> Config:
    """Returns the config, which gets the recommended setting if it does not prune."""
    cfg = apply_pruning(load_config(args.config), args, always=True)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    check_components(cfg)
    return cfg


def describe(size: RunSize, result: Estimate, seconds: Optional[float]) -> Iterator[str]:
    """Yields the lines of an estimate.

    Args:
        size (RunSize): Size of the run.
        result (Estimate): The estimate.
        seconds (float, optional): Seconds of an iteration.
    """
    yield (
        f'run: {size.num_epochs:.4g} epochs of {size.num_samples:,} samples, batch size '
        f'{size.batch_size} on {size.num_gpus} GPU(s)'
    )
    yield (
        f'samples: {result.samples:,} instead of {result.samples_unpruned:,} '
        f'({result.pruned:.1%} pruned)'
    )
    yield f'iterations: {result.iterations:,} instead of {result.iterations_unpruned:,}'
    if seconds is not None:
        hours, unpruned = (
            count * seconds / 3600 for count in (result.iterations, result.iterations_unpruned)
        )
        yield (
            f'time: {hours:.2f} h of training instead of {unpruned:.2f} h, at {seconds:.3f} s per '
            'iteration'
        )


def run(args: argparse.Namespace) -> None:
    """Runs the command."""
    cfg = to_config(args)
    size = size_of(cfg, args.num_samples, args.num_gpus)
    seconds = seconds_per_iteration(args.log) if args.log else None
    plan = plan_run(cfg, size)
    print(f'pruner: {cfg.train_dataloader.sampler.get("pruner", dict(type="SeTa"))}')
    scorers = compare_scorers(cfg, size)
    result = estimate(plan, size)
    for line in describe(size, result, seconds):
        print(line)
    print(score_line(scorers, size.batch_size))
    for line in adaptations(cfg):
        print(line)
    for line in answer(cfg, result, scorers, seconds):
        print(line)
