"""Ranks samples by likely label errors: the same as ``bls label-issues``."""

from functools import partial

from bls_mm.cli.main import run_command

main = partial(run_command, 'label-issues')

if __name__ == '__main__':
    main()
