"""The examples run as a user runs them, and their models learn."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / 'examples'
TORCHRUN = ['-m', 'torch.distributed.run', '--standalone', '--nproc_per_node', '2']
LINE = re.compile(r'SeTa +([\d,]+) samples, +([\d.]+)% pruned, ([\d.]+)% right')


def run(*command):
    """Runs an example for 3 epochs of SeTa; returns its output, samples and percentages."""
    output = subprocess.run(
        [sys.executable, *command, '--epochs', '3', '--pruners', 'SeTa'],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    (line,) = LINE.findall(output)
    return output, int(line[0].replace(',', '')), float(line[1]), float(line[2])


@pytest.mark.parametrize(
    ('command', 'processes'),
    [
        ([EXAMPLES / 'plain_pytorch.py'], 1),
        ([EXAMPLES / 'hugging_face_accelerate.py', '--cpu'], 1),
        ([*TORCHRUN, EXAMPLES / 'hugging_face_accelerate.py', '--cpu'], 2),
    ],
    ids=['plain', 'accelerate', 'accelerate on two processes'],
)
def test_pruned_run_learns_digits(command, processes):
    output, samples, pruned, right = run(*command)
    if processes > 1:
        assert '2 processes' in output
        assert samples % 2 == 0
    assert samples < 3 * 1347
    assert pruned > 5
    assert right > 80
