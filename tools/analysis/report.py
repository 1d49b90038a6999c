"""Writes a report of a pruned run: the same as ``bls report``."""

from functools import partial

from bls_mm.cli.main import run_command

main = partial(run_command, 'report')

if __name__ == '__main__':
    main()
