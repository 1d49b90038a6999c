"""The flags that choose how a run prunes: ``--target-savings``, ``--pruner`` and ``--scorer``."""

import argparse
import shlex
from typing import Optional

from mmengine.config import Config

from bls_mm.analysis.methods import UNPRUNED, parse_component
from bls_mm.config import attach_bls
from bls_mm.planning import build_planner
from bls_mm.pruners import Pruner
from bls_mm.registry import PRUNERS, SCORERS, build, find_type, type_name
from bls_mm.scorers import Scorer

from .parser import fraction


def add_pruning(parser: argparse.ArgumentParser) -> None:
    """Adds the flags to a parser."""
    parser.add_argument(
        '--target-savings',
        type=fraction,
        metavar='FRACTION',
        help='fraction of the samples that the whole run must save, such as 0.3 (default: what '
        'the pruner saves)',
    )
    parser.add_argument(
        '--pruner',
        help="auto, or a pruner with its options, such as 'SeTa(prune_ratio=0.2)' (default: that "
        'of the config; without one, --target-savings takes auto)',
    )
    parser.add_argument(
        '--scorer',
        help="auto, or a scorer with its options, such as 'BatchLossScorer(alpha=0.9)' (default: "
        'that of the config, or of the pruner)',
    )


def check_pruning(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends the program if flags do not fit together."""
    if args.scorer and not args.pruner and args.target_savings is None:
        parser.error(
            '--scorer needs --pruner or --target-savings; add for example --target-savings 0.3'
        )


def prunes(cfg: Config) -> bool:
    """Whether a config trains with a BLSSampler."""
    return 'BLSSampler' in str((cfg.get('train_dataloader') or {}).get('sampler'))


def apply_pruning(cfg: Config, args: argparse.Namespace, always: bool = False) -> Config:
    """Returns a config with the pruning that the flags ask for.

    Args:
        cfg (Config): The config.
        args (argparse.Namespace): With ``target_savings``, ``pruner`` and ``scorer``.
        always (bool): Whether a config that does not prune gets the recommended setting, also
            without a flag. Defaults to False.

    Raises:
        KeyError: If there is no such pruner or scorer.
        ValueError: If a flag cannot be parsed, or the config cannot be pruned.
    """
    pruner = parse_part('--pruner', args.pruner, PRUNERS, Pruner)
    scorer = parse_part('--scorer', args.scorer, SCORERS, Scorer)
    if pruner is None and args.target_savings is None and (prunes(cfg) or not always):
        return cfg
    if pruner is None and prunes(cfg):
        pruner = cfg.train_dataloader.sampler.get('pruner') or dict(type='SeTa')
        pruner = dict(type=pruner) if isinstance(pruner, str) else dict(pruner)
        if type_name(pruner['type']) == UNPRUNED:
            pruner = dict(type='auto')
    elif pruner is None:
        pruner = dict(type='auto')
    if args.target_savings is not None:
        pruner['target_savings'] = args.target_savings
    return attach_bls(cfg, pruner, scorer)


def parse_part(flag: str, text: Optional[str], registry, base: type) -> Optional[dict]:
    """Returns the config of a pruner or a scorer that a flag names, None without one.

    Raises:
        KeyError: If there is no such component; the hint repeats what the user wrote.
        ValueError: If the text cannot be parsed.
    """
    if text is None:
        return None
    cfg = parse_component(flag, text)
    if cfg['type'] != 'auto':
        find_type(registry, flag[2:], cfg['type'], base, f'{flag} {shlex.quote(text)}')
    return cfg


def check_components(cfg: Config) -> None:
    """Builds pruner and scorer of a config, to find wrong options before anything else is built.

    Raises:
        KeyError, TypeError, ValueError: With one sentence, if one of them cannot be built.
    """
    for name in ('pruner', 'scorer'):
        if name in (cfg.get('train_dataloader') or {}):
            raise TypeError(
                f'train_dataloader has no option {name!r}, which belongs to its sampler; write '
                f"train_dataloader=dict(sampler=dict(type='bls_mm.BLSSampler', {name}=...))"
            )
    if not prunes(cfg):
        return
    sampler = cfg.to_dict()['train_dataloader']['sampler']
    if 'pruner' in sampler:
        build_planner(sampler['pruner'])
    if isinstance(sampler.get('scorer'), dict):
        build(SCORERS, 'scorer', sampler['scorer'], Scorer, num_samples=1)
