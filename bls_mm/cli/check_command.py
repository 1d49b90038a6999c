"""Finds errors that would stop training at the start, and prints the plan of every epoch.

It builds everything that a training builds, reads the data set and loads the first batch. It trains
nothing and writes nothing. The plan uses simulated losses.
"""

import argparse

from .parser import positive_int
from .pruning_flags import check_pruning
from .run_check import check_run_of
from .train_command import add_run, to_config

EXAMPLE = "bls check configs/my_config.py --pruner 'SeTa(prune_ratio=0.2)'"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the command."""
    add_run(parser)
    parser.add_argument(
        '--num-samples',
        type=positive_int,
        help='length of a training set that is not on this machine; data and weights are then not '
        'checked',
    )
    parser.add_argument(
        '--num-gpus', type=positive_int, default=1, help='number of GPUs, for the iterations'
    )


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends the program if arguments do not fit together."""
    check_pruning(parser, args)


def run(args: argparse.Namespace) -> None:
    """Runs the command."""
    check_run_of(to_config(args), args.num_samples, args.num_gpus)
