"""The runs of a comparison, for scripts that import them from here: see :mod:`bls_mm.cli.grid`."""

from bls_mm.cli.grid import Grid, describe_failure, finished_epochs

__all__ = ['Grid', 'describe_failure', 'finished_epochs']
