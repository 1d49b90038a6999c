"""The argument parser of all commands: no abbreviations, defaults in the help, one-line errors."""

import argparse
import os
from typing import NoReturn

from mmengine.config import DictAction

from bls_mm.registry import closest_name

UNKNOWN = 'unrecognized arguments: '  # how argparse begins the message
#: Launchers, the variable that tells each process its number, and what starts such processes.
LAUNCHERS = {
    'pytorch': ('RANK', 'torchrun --nproc_per_node GPUS -m bls_mm.cli'),
    'slurm': ('SLURM_PROCID', 'srun python -m bls_mm.cli'),
    'mpi': ('OMPI_COMM_WORLD_LOCAL_RANK', 'mpirun python -m bls_mm.cli'),
}


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of descriptions, and adds defaults that are values."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ''
        has_value = action.default not in (None, False, argparse.SUPPRESS)
        if action.option_strings and has_value and 'default' not in text:
            text += ' (default: %(default)s)'
        return text


class Parser(argparse.ArgumentParser):
    """Parses the arguments of one command.

    Args:
        **options: Options of :class:`argparse.ArgumentParser`.
    """

    def __init__(self, **options) -> None:
        super().__init__(allow_abbrev=False, formatter_class=HelpFormatter, **options)

    def error(self, message: str) -> NoReturn:
        """Ends the program with one sentence, with the flag that was probably meant."""
        if message.startswith(UNKNOWN):
            flag = message[len(UNKNOWN) :].split()[0].partition('=')[0]
            meant = closest_name(flag, self._option_string_actions) if flag[0] == '-' else None
            message += f'; did you mean {meant}?' if meant else ''
        self.exit(2, f'{self.prog}: {message}; see {self.prog} --help\n')


class KeyValues(DictAction):
    """MMEngine's action for ``key=value``, with a plain error for anything else."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        for text in values:
            if '=' not in text:
                parser.error(f'{option_string} needs key=value, but got {text!r}')
        super().__call__(parser, namespace, values, option_string)


def positive_int(text: str) -> int:
    """Parses an integer of at least 1; an argparse type."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'{text!r} is not an integer of at least 1')
    return int(text)


def fraction(text: str) -> float:
    """Parses a fraction in ``[0, 1)``; an argparse type."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a fraction of at least 0 and below 1, such as 0.3'
        )
    return number


def add_config(parser: argparse.ArgumentParser) -> None:
    """Adds the config of a run, and its overrides."""
    parser.add_argument(
        'config',
        metavar='CONFIG',
        help='config file, or a config of an installed package, such as '
        'mmdet::retinanet/retinanet_r50_fpn_1x_coco.py',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=KeyValues,
        metavar='KEY=VALUE',
        help='settings of the config to override; nested keys as a.b=value, lists as key="[a,b]" '
        'or key=a,b',
    )


def add_launcher(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments that a job launcher sets."""
    parser.add_argument(
        '--launcher',
        choices=['none', *LAUNCHERS],
        default='none',
        help='job launcher',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def check_launcher(parser: argparse.ArgumentParser, launcher: str) -> None:
    """Ends the program if the launcher did not start this process."""
    if launcher == 'none':
        return
    variable, command = LAUNCHERS[launcher]
    if variable not in os.environ:
        parser.error(
            f'--launcher {launcher} needs the variable {variable} of a started process, which is '
            f'not set; start with {command}, or leave out --launcher'
        )
