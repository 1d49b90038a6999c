"""Writes the scores of a run as a table: the same as ``bls export``."""

from functools import partial

from bls_mm.cli.main import run_command

main = partial(run_command, 'export')

if __name__ == '__main__':
    main()
