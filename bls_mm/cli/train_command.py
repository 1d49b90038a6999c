"""Trains a model of MMDetection, MMOCR or MMPretrain.

The flags are those that the train.py of these libraries share, and those that choose how the run
prunes. Without the latter the config decides.
"""

import argparse
import os
import os.path as osp
from pathlib import Path

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from bls_mm.analysis.checkpoints import find_checkpoint
from bls_mm.compat import complete_loaders, import_library
from bls_mm.config import load_config

from .errors import plain_errors
from .outputs import contains_run
from .parser import add_config, add_launcher, check_launcher, positive_int
from .pruning_flags import add_pruning, apply_pruning, check_components, check_pruning
from .run_check import check_run_of

EXAMPLE = 'bls train mmdet::retinanet/retinanet_r50_fpn_1x_coco.py --target-savings 0.3'


def add_run(parser: argparse.ArgumentParser) -> None:
    """Adds what determines a run; ``bls check`` has the same arguments."""
    add_config(parser)
    parser.add_argument(
        '--work-dir', help='folder of logs and checkpoints (default: work_dirs/<config>)'
    )
    add_pruning(parser)
    parser.add_argument('--amp', action='store_true', help='train in automatic mixed precision')
    parser.add_argument(
        '--auto-scale-lr', action='store_true', help='scale the learning rate to the batch size'
    )
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='checkpoint, or work dir of a run, to resume from (default: that of --work-dir)',
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the command."""
    add_run(parser)
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='replace the files of an earlier run in the work dir (default of bls train: refuse)',
    )
    parser.add_argument(
        '--dry-run-pruning',
        '--dry-run',
        action='store_true',
        help='check the run, print its plan and do not train: the same as bls check',
    )
    parser.add_argument(
        '--num-samples',
        type=positive_int,
        help='with --dry-run, length of a training set that is not on this machine',
    )
    add_launcher(parser)


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends the program if arguments do not fit together."""
    check_pruning(parser, args)
    if not args.dry_run_pruning:
        check_launcher(parser, args.launcher)
    if args.num_samples and not args.dry_run_pruning:
        parser.error('--num-samples needs --dry-run-pruning; a training takes all samples')


def to_config(args: argparse.Namespace) -> Config:
    """Returns the config with the command line merged in; the command line has the last word."""
    with plain_errors(args.debug):
        return _merge(args)


def _merge(args: argparse.Namespace) -> Config:
    cfg = apply_pruning(load_config(args.config), args)
    complete_loaders(cfg)
    cfg.launcher = getattr(args, 'launcher', 'none')
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    name = osp.splitext(osp.basename(args.config))[0]
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or osp.join('./work_dirs', name)
    if args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.auto_scale_lr:
        if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
            raise ValueError(
                '--auto-scale-lr needs auto_scale_lr=dict(base_batch_size=...) in the config, '
                f'which {args.config} lacks; add --cfg-options auto_scale_lr.base_batch_size=16'
            )
        cfg.auto_scale_lr.enable = True
    named = args.resume not in (None, 'auto')
    if named or (args.resume == 'auto' and (Path(cfg.work_dir) / 'last_checkpoint').exists()):
        # Otherwise there is nothing to continue, and the run starts from `load_from`. MMEngine
        # would follow the path in `last_checkpoint`, also out of a work dir that was copied.
        path = args.resume if named else cfg.work_dir
        cfg.update(resume=True, load_from=path if '://' in path else str(find_checkpoint(path)))
    return cfg


def keep_other_runs(cfg: Config, overwrite: bool) -> None:
    """Raises an error if the run would write over an earlier one, or says that it does.

    Raises:
        FileExistsError: If the work dir contains a run, and ``overwrite`` is False.
    """
    if cfg.get('resume') or not contains_run(Path(cfg.work_dir)):
        return
    if not overwrite:
        raise FileExistsError(
            f'the work dir {str(cfg.work_dir)!r} contains another run; give another --work-dir, '
            'or --resume to continue that run, or --overwrite to replace it'
        )
    print(f'the new run replaces the run in {cfg.work_dir}')


class FirstIteration(Hook):
    """Notes at which iteration a run begins or resumes."""

    iteration = 0

    def before_train(self, runner) -> None:
        self.iteration = runner.iter

    def is_end_of(self, runner) -> bool:
        """Whether a resumed run had no iteration left."""
        return 0 < self.iteration == runner.iter


def run(args: argparse.Namespace) -> None:
    """Runs the command."""
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = to_config(args)
    if args.dry_run_pruning:
        check_run_of(cfg, args.num_samples)
        return
    check_components(cfg)
    if args.resume is None:
        keep_other_runs(cfg, args.overwrite)
    import_library(cfg.get('default_scope'))
    advice = '; the same command with --resume continues from the last checkpoint'
    with plain_errors(args.debug, cfg.work_dir, advice):
        runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
        first = FirstIteration()
        runner.register_hook(first)
        runner.train()
        if first.is_end_of(runner) and runner.val_loop is not None:
            runner.val()  # the run was stopped in its last validation
