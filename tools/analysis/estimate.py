"""Tells from a config alone what pruning would save, before any GPU is spent.

    python tools/analysis/estimate.py mmdet::retinanet/retinanet_r50_fpn_1x_coco.py \
        --num-samples 117266 --num-gpus 8
    python tools/analysis/estimate.py CONFIG --log work_dirs/an_old_run

The losses are simulated: samples and iterations come close to those of a real run, and accuracy
cannot be told.
"""

import argparse
from typing import Iterator, Optional

from mmengine.config import Config

from bls_mm.analysis.estimate import (
    Estimate,
    RunSize,
    adaptations,
    estimate,
    plan_run,
    seconds_per_iteration,
    size_of,
)
from bls_mm.config import attach_bls, load_config

EXCEPTION = ", unless scorer='auto' finds the loss of each sample in the model"


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='a config file, or mmdet::path/of/a/config.py')
    parser.add_argument('--pruner', help='prune by this one; the default is that of the config')
    parser.add_argument('--scorer', help='score by this one, with --pruner')
    parser.add_argument('--num-samples', type=int, help='of the training set, if it is not here')
    parser.add_argument('--num-gpus', type=int, default=1)
    parser.add_argument('--log', help='work dir of an old run of this model, for the time')
    return parser.parse_args()


def to_config(args: argparse.Namespace) -> Config:
    """Returns the config with a BLSSampler, put there if it has none."""
    cfg = load_config(args.config)
    prunes = 'BLSSampler' in str((cfg.get('train_dataloader') or {}).get('sampler'))
    if prunes and not args.pruner:
        return cfg
    return attach_bls(cfg, args.pruner or 'SeTa', args.scorer)


def describe(size: RunSize, result: Estimate, seconds: Optional[float]) -> Iterator[str]:
    """Yields the lines of an estimate."""
    yield (
        f'run: {size.max_epochs} epochs of {size.num_samples:,} samples, batches of '
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
            f'time: {hours:.2f} h instead of {unpruned:.2f} h of training, at {seconds:.3f} s an '
            'iteration'
        )
    yield (
        f'score: rank correlation {result.correlation:.2f} with the loss of the sample itself; '
        + judge(result.correlation)
    )


def judge(correlation: float) -> str:
    """Says what the quality of a score means."""
    if not correlation > 0.15:  # also where it is nan
        return f'close to random{EXCEPTION}; else use DynamicRandom, or a smaller batch'
    if correlation < 0.4:
        return f'weak{EXCEPTION}; a smaller batch helps too'
    return 'a fair proxy'


def main() -> None:
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
