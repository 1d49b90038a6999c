"""Estimates from a config alone what pruning would save, before any training.

    python tools/analysis/estimate.py mmdet::retinanet/retinanet_r50_fpn_1x_coco.py \
        --num-samples 117266 --num-gpus 8
    python tools/analysis/estimate.py CONFIG --log work_dirs/an_old_run

The losses are simulated. The estimated samples and iterations are close to those of a real run. The
accuracy cannot be estimated.
"""

import argparse
from typing import Iterator, Optional

from mmengine.config import Config

from bls_mm.analysis.adaptations import adaptations
from bls_mm.analysis.estimate import Estimate, RunSize, estimate, plan_run, size_of
from bls_mm.analysis.runs import seconds_per_iteration
from bls_mm.config import attach_bls, load_config

EXCEPTION = ", unless scorer='auto' finds the loss of each sample in the model"


def parse_args() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='a config file, or mmdet::path/of/a/config.py')
    parser.add_argument('--pruner', help="pruner to use; default: the config's, or SeTa")
    parser.add_argument('--scorer', help='scorer to use, with --pruner')
    parser.add_argument(
        '--num-samples', type=int, help='length of the training set, if its files are missing'
    )
    parser.add_argument(
        '--num-gpus', type=int, default=1, help='number of GPUs (default: %(default)s)'
    )
    parser.add_argument(
        '--log', help='work dir of an earlier run of this model, for the time of an iteration'
    )
    return parser.parse_args()


def to_config(args: argparse.Namespace) -> Config:
    """Returns the config with a BLSSampler, which is added if the config has none."""
    cfg = load_config(args.config)
    prunes = 'BLSSampler' in str((cfg.get('train_dataloader') or {}).get('sampler'))
    if prunes and not args.pruner:
        return cfg
    return attach_bls(cfg, args.pruner or 'SeTa', args.scorer)


def describe(size: RunSize, result: Estimate, seconds: Optional[float]) -> Iterator[str]:
    """Yields the lines of an estimate.

    Args:
        size (RunSize): Size of the run.
        result (Estimate): The estimate.
        seconds (float, optional): Seconds of an iteration.
    """
    yield (
        f'run: {size.max_epochs} epochs of {size.num_samples:,} samples, batch size '
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
    yield (
        f'score: rank correlation {result.correlation:.2f} with the loss of each sample; '
        + judge(result.correlation)
    )


def judge(correlation: float) -> str:
    """Returns a verdict on the quality of a score."""
    if not correlation > 0.15:  # also if it is NaN
        return f'close to random{EXCEPTION}; otherwise use DynamicRandom, or a smaller batch'
    if correlation < 0.4:
        return f'weak{EXCEPTION}; a smaller batch also helps'
    return 'a fair proxy'


def main() -> None:
    """Runs the command line tool."""
    args = parse_args()
    try:
        cfg = to_config(args)
        size = size_of(cfg, args.num_samples, args.num_gpus)
        seconds = seconds_per_iteration(args.log) if args.log else None
        plan = plan_run(cfg, size)
    except (FileNotFoundError, KeyError, ModuleNotFoundError, ValueError) as error:
        raise SystemExit(error.args[0] if isinstance(error, KeyError) else str(error)) from error
    print(f'pruner: {cfg.train_dataloader.sampler.get("pruner", dict(type="SeTa"))}')
    for line in describe(size, estimate(plan, size), seconds):
        print(line)
    for line in adaptations(cfg):
        print(line)


if __name__ == '__main__':
    main()
