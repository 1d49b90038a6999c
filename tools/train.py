"""Trains a model of MMDetection, MMOCR or MMPretrain; its flags are those their train.py share."""

import argparse
import os
import os.path as osp
from typing import Optional

from mmengine.config import Config, DictAction
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from bls_mm.analysis.estimate import plan_run, size_of
from bls_mm.compat import allow_mmocr
from bls_mm.config import attach_bls, complete_loaders, load_config


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'config',
        help='train config file path, or the name of a config of an installed package, such as '
        'mmdet::retinanet/retinanet_r50_fpn_1x_coco.py',
    )
    parser.add_argument('--work-dir', help='the dir to save logs and models')
    parser.add_argument(
        '--pruner',
        help='prune the training data of any config, for example SeTa; set its options with '
        '--cfg-options train_dataloader.sampler.pruner.prune_ratio=0.2',
    )
    parser.add_argument(
        '--scorer',
        help='what to prune by, with --pruner: a scorer, or auto; the default is BatchLossScorer',
    )
    parser.add_argument(
        '--dry-run-pruning',
        action='store_true',
        help='print the plan of every epoch under simulated losses, and do not train',
    )
    parser.add_argument(
        '--num-samples', type=int, help='with --dry-run-pruning, where the data set is not here'
    )
    parser.add_argument('--amp', action='store_true', help='train in automatic mixed precision')
    parser.add_argument(
        '--auto-scale-lr', action='store_true', help='scale the learning rate to the batch size'
    )
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='the checkpoint to resume from; without a path, the latest one in the work dir',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override settings of the config, as key=value; nested keys as a.b=value, lists as '
        'key="[a,b]" or key=a,b',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='job launcher',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    args = parser.parse_args()
    if args.scorer and not args.pruner:
        parser.error('--scorer needs --pruner; add for example --pruner SeTa')
    if args.num_samples and not args.dry_run_pruning:
        parser.error('--num-samples needs --dry-run-pruning; a training takes all samples')
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def to_config(args: argparse.Namespace) -> Config:
    """Returns the config with the command line merged in; the command line has the last word."""
    try:
        cfg = load_config(args.config)
        if args.pruner:
            cfg = attach_bls(cfg, args.pruner, args.scorer)
    except (FileNotFoundError, KeyError, ModuleNotFoundError, ValueError) as error:
        raise SystemExit(_sentence(error)) from error
    complete_loaders(cfg)
    cfg.launcher = args.launcher
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    name = osp.splitext(osp.basename(args.config))[0]
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or osp.join('./work_dirs', name)
    if args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.auto_scale_lr:
        if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
            raise SystemExit(
                '--auto-scale-lr needs auto_scale_lr=dict(base_batch_size=...) in the config, '
                f'which {args.config} lacks; add --cfg-options auto_scale_lr.base_batch_size=16'
            )
        cfg.auto_scale_lr.enable = True
    if args.resume is not None:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
    return cfg


def print_plan(cfg: Config, num_samples: Optional[int]) -> None:
    """Prints what each epoch would keep, if the losses were the simulated ones."""
    if 'BLSSampler' not in str(cfg.train_dataloader.get('sampler')):
        raise SystemExit('the config does not prune; add for example --pruner SeTa')
    try:
        size = size_of(cfg, num_samples)
        epochs = plan_run(cfg, size)
    except (FileNotFoundError, KeyError, TypeError, ValueError) as error:  # a wrong option, too
        raise SystemExit(_sentence(error)) from error
    print('epoch  samples  pruned  mean weight  iterations  (simulated losses, one GPU)')
    for number, epoch in enumerate(epochs, start=1):
        print(
            f'{number:5} {round(epoch.kept_fraction * size.num_samples):8,} '
            f'{1 - epoch.kept_fraction:7.1%} {epoch.mean_weight:12.2f} '
            f'{size.iterations(epoch.kept_fraction):11,}'
        )


def _sentence(error: Exception) -> str:
    return error.args[0] if isinstance(error, KeyError) else str(error)  # of a KeyError in quotes


def main() -> None:
    args = parse_args()
    cfg = to_config(args)
    if cfg.get('default_scope') == 'mmocr':
        allow_mmocr()
    if args.dry_run_pruning:
        return print_plan(cfg, args.num_samples)
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    runner.train()


if __name__ == '__main__':
    main()
