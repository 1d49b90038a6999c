"""Makes a small data set. At most Debian packages are installed (fashion-mnist, words).

The makers are the files make_*.py in tools/data, which an installed package carries. Each has its
own options: bls data NAME --help.
"""

import argparse
import ast
import importlib
import sys
from pathlib import Path
from typing import Dict

import bls_mm
from bls_mm.registry import closest_name

EXAMPLE = 'bls data words --out data/short_words --train 8000 --longest 6'
PACKAGE = Path(bls_mm.__file__).parent
FOLDERS = (PACKAGE / '.mim' / 'tools' / 'data', PACKAGE.parent / 'tools' / 'data')


def makers() -> Dict[str, Path]:
    """Returns the makers by name, from the installed package or from a clone."""
    for folder in FOLDERS:
        paths = sorted(folder.glob('make_*.py'))
        if paths:
            return {path.stem[len('make_') :].replace('_', '-'): path for path in paths}
    return {}


def summary_of(maker: Path) -> str:
    """Returns the first sentence about a maker, without importing it."""
    paragraph = ast.get_docstring(ast.parse(maker.read_text('utf-8'))).partition('\n\n')[0]
    return ' '.join(paragraph.split()).partition('. ')[0].rstrip('.')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the command."""
    known = makers()
    width = max(map(len, known), default=0)
    listed = '\n'.join(f'  {name:{width}}  {summary_of(path)}' for name, path in known.items())
    parser.epilog = f'data sets:\n{listed}'
    parser.add_argument('name', metavar='NAME', help='the data set; see below')
    parser.add_argument(
        'options',
        nargs=argparse.REMAINDER,
        metavar='...',
        help='options of its maker, such as --out and --seed',
    )


def run(args: argparse.Namespace) -> None:
    """Runs the command."""
    known = makers()
    if args.name not in known:
        meant = closest_name(args.name, known)
        hint = f'; did you mean bls data {meant}?' if meant else ''
        raise ValueError(
            f'there is no data set {args.name!r}; choose one of {", ".join(known)}{hint}'
        )
    path = known[args.name]
    sys.path.insert(0, str(path.parent))  # the makers import one another
    sys.argv[0] = f'bls data {args.name}'  # for their own messages
    try:
        module = importlib.import_module(path.stem)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'bls data {args.name} needs the package {error.name}, which is not installed'
        ) from error
    module.main(args.options)
