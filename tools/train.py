"""Trains a model: ``bls train`` with the file name and the habits of OpenMMLab.

Like the train.py of the libraries, it replaces an earlier run in the same work dir.
"""

from functools import partial

from bls_mm.cli.main import parse_args as parse
from bls_mm.cli.main import run_command
from bls_mm.cli.train_command import to_config

__all__ = ['main', 'parse_args', 'to_config']

main = partial(run_command, 'train', overwrite=True)
parse_args = partial(parse, 'train', overwrite=True)

if __name__ == '__main__':
    main()
