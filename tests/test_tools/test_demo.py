"""Running commands side by side. The demo itself tests the training."""

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools'))

import demo


def test_each_line_follows_name_of_its_run(capfd):
    demo.run_side_by_side(
        dict(
            full=['-c', 'print("one")'], pruned=['-c', 'import sys; print("two", file=sys.stderr)']
        )
    )
    lines = capfd.readouterr().out.splitlines()
    assert 'full   | one' in lines
    assert 'pruned | two' in lines


def test_failing_run_terminates_the_other():
    start = time.monotonic()
    with pytest.raises(SystemExit, match='pruned failed with exit status 3, see above'):
        demo.run_side_by_side(
            dict(
                full=['-c', 'import time; time.sleep(600)'],
                pruned=['-c', 'raise SystemExit(3)'],
            )
        )
    assert time.monotonic() - start < 300
