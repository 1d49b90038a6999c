"""Two runs at once; that they train is shown by the demo itself."""

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools'))

import demo


def test_each_line_is_shown_behind_the_name_of_its_run(capfd):
    demo.run_side_by_side(
        dict(
            full=['-c', 'print("one")'], pruned=['-c', 'import sys; print("two", file=sys.stderr)']
        )
    )
    lines = capfd.readouterr().out.splitlines()
    assert 'full   | one' in lines
    assert 'pruned | two' in lines


def test_a_run_that_fails_ends_the_other():
    start = time.monotonic()
    with pytest.raises(SystemExit, match='pruned failed with exit status 3, see above'):
        demo.run_side_by_side(
            dict(
                full=['-c', 'import time; time.sleep(600)'],
                pruned=['-c', 'raise SystemExit(3)'],
            )
        )
    assert time.monotonic() - start < 300
