"""Tests a checkpoint: ``bls test`` with the file name of OpenMMLab."""

from functools import partial

from bls_mm.cli.main import run_command
from bls_mm.cli.test_command import DumpPredictions, _dump_predictions

__all__ = ['DumpPredictions', '_dump_predictions', 'main']

main = partial(run_command, 'test')

if __name__ == '__main__':
    main()
