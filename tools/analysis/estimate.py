"""Estimates what pruning would save: the same as ``bls estimate``."""

from functools import partial

from bls_mm.cli.estimate_command import judge
from bls_mm.cli.main import run_command

__all__ = ['judge', 'main']

main = partial(run_command, 'estimate')

if __name__ == '__main__':
    main()
