"""Tests a checkpoint of MMDetection, MMOCR or MMPretrain.

The flags are those that the test.py of these libraries share.
"""

import argparse
import os
import os.path as osp
from pathlib import Path

from mmengine.config import Config
from mmengine.evaluator import DumpResults
from mmengine.registry import METRICS, RUNNERS
from mmengine.runner import Runner

from bls_mm.analysis.checkpoints import find_checkpoint
from bls_mm.compat import allow_mmengine_checkpoints, complete_loaders, import_library
from bls_mm.config import load_config
from bls_mm.registry import type_name

from .errors import plain_errors
from .outputs import contains_run
from .parser import add_config, add_launcher, check_launcher

EXAMPLE = 'bls test configs/my_config.py work_dirs/my_run'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the command."""
    add_config(parser)
    parser.add_argument(
        'checkpoint', metavar='CHECKPOINT', help='checkpoint file, or the work dir of a run'
    )
    parser.add_argument(
        '--work-dir',
        help='folder of logs and metrics (default: that of the config, unless it contains a run; '
        'otherwise the folder test next to the checkpoint)',
    )
    parser.add_argument('--out', help='pickle file to write the predictions to')
    parser.add_argument('--show', action='store_true', help='show images with predictions')
    parser.add_argument('--show-dir', help='folder to write images with predictions to')
    parser.add_argument('--wait-time', type=float, default=2, help='seconds to show an image')
    parser.add_argument(
        '--tta',
        action='store_true',
        help='use test-time augmentation, with tta_model and tta_pipeline of the config',
    )
    add_launcher(parser)


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends the program if arguments do not fit together."""
    check_launcher(parser, args.launcher)


def to_config(args: argparse.Namespace) -> Config:
    """Returns the config, merged with the command line."""
    cfg = load_config(args.config)
    complete_loaders(cfg)
    cfg.launcher = args.launcher
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    cfg.load_from = args.checkpoint
    beside = osp.join('./work_dirs', osp.splitext(osp.basename(args.config))[0])
    if '://' not in args.checkpoint:
        cfg.load_from = str(find_checkpoint(args.checkpoint))
        beside = str(Path(cfg.load_from).parent / 'test')
    own = cfg.get('work_dir')
    if own and contains_run(Path(own)):
        own = None  # MMEngine would replace the config of that run
    cfg.work_dir = args.work_dir or own or beside
    if args.show or args.show_dir:
        _paint_images(cfg, args)
    if args.tta:
        _augment(cfg)
    if args.out:
        _dump_predictions(cfg, args.out)
    return cfg


@METRICS.register_module()
class DumpPredictions(DumpResults):
    """Writes all predictions, also if the evaluator passes them data set by data set."""

    def __init__(self, out_file_path: str) -> None:
        super().__init__(out_file_path)
        self.predictions = []

    def compute_metrics(self, results: list) -> dict:
        self.predictions += results
        return super().compute_metrics(self.predictions)


def _dump_predictions(cfg: Config, path: str) -> None:
    dump = dict(type='DumpPredictions', out_file_path=path)
    evaluator = cfg.test_evaluator
    # MMOCR's evaluator for several data sets is a dict that contains the metrics.
    if isinstance(evaluator, dict) and 'metrics' in evaluator:
        evaluator.metrics = [*_as_list(evaluator.metrics), dump]
    else:
        cfg.test_evaluator = [*_as_list(evaluator), dump]


def _as_list(metrics) -> list:
    return list(metrics) if isinstance(metrics, (list, tuple)) else [metrics]


def _paint_images(cfg: Config, args: argparse.Namespace) -> None:
    hook = cfg.default_hooks.get('visualization')
    if hook is None:
        raise ValueError(
            f'--show and --show-dir need a visualization hook in default_hooks of {args.config}; '
            "add the library's hook, such as DetVisualizationHook"
        )
    # The option is called `draw` in MMDetection, and `enable` in MMOCR and MMPretrain.
    hook['draw' if type_name(hook['type']).startswith('Det') else 'enable'] = True
    if args.show:
        hook.update(show=True, wait_time=args.wait_time)
    if args.show_dir:
        cfg.visualizer.update(save_dir=args.show_dir, vis_backends=[dict(type='LocalVisBackend')])


def _augment(cfg: Config) -> None:
    if 'tta_model' not in cfg or 'tta_pipeline' not in cfg:
        raise ValueError('--tta needs tta_model and tta_pipeline in the config; add them')
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
    cfg.model = dict(**cfg.tta_model, module=cfg.model)


def run(args: argparse.Namespace) -> None:
    """Runs the command."""
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = to_config(args)
    import_library(cfg.get('default_scope'))
    allow_mmengine_checkpoints()
    with plain_errors(args.debug, cfg.work_dir):
        runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
        runner.test()
