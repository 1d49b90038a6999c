"""The examples run as a user runs them, and train for real."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / 'examples'
LAUNCH = [
    *('-m', 'accelerate.commands.launch', '--cpu', '--num_processes', '2', '--num_machines', '1'),
    *('--mixed_precision', 'no', '--dynamo_backend', 'no'),
]
LINE = re.compile(r'SeTa +([\d,]+) samples, +([\d.]+)% pruned, ([\d.]+)% right')


def run(*command):
    """Runs an example for 3 epochs of SeTa; returns samples, percent pruned, percent right."""
    output = subprocess.run(
        [sys.executable, *command, '--epochs', '3', '--pruners', 'SeTa'],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    (line,) = LINE.findall(output)
    return int(line[0].replace(',', '')), float(line[1]), float(line[2])


@pytest.mark.parametrize(
    'command',
    [
        [EXAMPLES / 'plain_pytorch.py'],
        [EXAMPLES / 'hugging_face_accelerate.py'],
        pytest.param([*LAUNCH, EXAMPLES / 'hugging_face_accelerate.py'], marks=pytest.mark.slow),
    ],
    ids=['plain', 'accelerate', 'accelerate on two processes'],
)
def test_a_pruned_run_reads_digits(command):
    samples, pruned, right = run(*command)
    assert samples < 3 * 1347
    assert pruned > 10
    assert right > 80
