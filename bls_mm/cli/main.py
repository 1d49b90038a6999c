"""Dispatches ``bls COMMAND``, and the tools that wrap one command each."""

import argparse
import sys
from importlib import import_module
from typing import List, Optional

from bls_mm.registry import closest_name

from .errors import plain_errors
from .parser import Parser

#: Each command has a module ``<name>_command`` with ``EXAMPLE``, ``add_arguments`` and ``run``.
COMMANDS = {
    'train': 'train a model, pruned or not',
    'test': 'test a checkpoint',
    'check': 'find errors that would stop training, and show the plan of every epoch',
    'estimate': 'estimate what pruning saves, before any training',
    'report': 'write an HTML page about a pruned run',
    'compare': 'train several methods and seeds, with baselines, and tabulate them',
    'export': 'write the scores of a run as a table',
    'label-issues': 'rank samples by how likely their labels are wrong',
    'data': 'make a small data set',
}


def main(argv: Optional[List[str]] = None) -> None:
    """Runs the command ``bls``.

    Args:
        argv (list[str], optional): Command line without the program. Defaults to None, that of the
            process.
    """
    name, *rest = (sys.argv[1:] if argv is None else argv) or ['--help']
    if name in ('-h', '--help'):
        print(overview())
    elif name == '--version':
        from bls_mm import __version__

        print(f'bls_mm {__version__}')
    elif name in COMMANDS:
        run_command(name, rest, f'bls {name}')
    else:
        meant = closest_name(name, COMMANDS)
        hint = f'did you mean bls {meant}?' if meant else 'see bls --help'
        raise SystemExit(f'there is no command {name!r}; {hint}')


def run_command(
    name: str, argv: Optional[List[str]] = None, prog: Optional[str] = None, **defaults
) -> None:
    """Runs one command.

    Args:
        name (str): The command, one of ``COMMANDS``.
        argv (list[str], optional): Its arguments. Defaults to None, those of the process.
        prog (str, optional): Name of the program in messages. Defaults to None, the script's.
        **defaults: Values of arguments that differ from those of the command.
    """
    args = parse_args(name, argv, prog, **defaults)
    with plain_errors(args.debug):
        _module(name).run(args)


def parse_args(
    name: str, argv: Optional[List[str]] = None, prog: Optional[str] = None, **defaults
) -> argparse.Namespace:
    """Parses the arguments of a command; see :func:`run_command`."""
    module = _module(name)
    description = f'{module.__doc__.strip()}\n\nexample:\n  {module.EXAMPLE}'
    parser = Parser(prog=prog, description=description)
    module.add_arguments(parser)
    parser.add_argument(
        '--debug',
        action='store_true',
        help='show the traceback of an error (default: one sentence)',
    )
    parser.set_defaults(**defaults)
    args = parser.parse_args(argv)
    if hasattr(module, 'check_arguments'):
        module.check_arguments(parser, args)
    return args


def overview() -> str:
    """Returns the text of ``bls --help``."""
    width = max(map(len, COMMANDS))
    commands = '\n'.join(f'  {name:{width}}  {summary}' for name, summary in COMMANDS.items())
    return (
        'usage: bls COMMAND ...\n\nDynamic data pruning for OpenMMLab.\n\n'
        f'commands:\n{commands}\n\n'
        'bls COMMAND --help lists the options of a command, with an example.\n\n'
        'example:\n  bls train mmdet::retinanet/retinanet_r50_fpn_1x_coco.py --target-savings 0.3'
    )


def _module(name: str):
    return import_module(f'.{name.replace("-", "_")}_command', __package__)
