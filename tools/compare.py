"""Compares pruning methods over several seeds: the same as ``bls compare``."""

from functools import partial

from bls_mm.cli.compare_command import to_method, train_grid
from bls_mm.cli.main import run_command

__all__ = ['main', 'to_method', 'train_grid']

main = partial(run_command, 'compare')

if __name__ == '__main__':
    main()
