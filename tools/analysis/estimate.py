"""Estimates what pruning would save: the same as ``bls estimate``."""

from functools import partial

from bls_mm.cli.main import run_command

main = partial(run_command, 'estimate')

if __name__ == '__main__':
    main()
