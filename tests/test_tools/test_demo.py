"""Running commands side by side, and the verdict. The demo itself tests the training."""

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools'))

import demo


def test_each_line_follows_name_of_its_run(capfd):
    demo.run_side_by_side(
        [
            dict(full=['-c', 'print("one")']),
            dict(pruned=['-c', 'import sys; print("two", file=sys.stderr)']),
        ]
    )
    lines = capfd.readouterr().out.splitlines()
    assert 'full   | one' in lines
    assert 'pruned | two' in lines


def test_failing_run_terminates_the_other():
    start = time.monotonic()
    with pytest.raises(SystemExit, match='pruned failed with exit status 3, see above'):
        demo.run_side_by_side(
            [
                dict(full=['-c', 'import time; time.sleep(600)']),
                dict(pruned=['-c', 'raise SystemExit(3)'], random=['-c', 'print("never")']),
            ]
        )
    assert time.monotonic() - start < 300


def test_commands_of_a_lane_follow_one_another(capfd):
    demo.run_side_by_side([dict(one=['-c', 'print(1)'], two=['-c', 'print(2)'])])
    lines = capfd.readouterr().out.splitlines()
    assert lines.index('one | 1') < lines.index('two | 2')


def test_verdict_says_what_was_saved_and_what_it_cost():
    runs = dict(
        full=dict(pruned=0.0, seconds=200.0, samples_seen=100, acc=0.93),
        pruned=dict(pruned=0.25, seconds=160.0, samples_seen=75, acc=0.928),
        random=dict(pruned=0.25, seconds=155.0, samples_seen=75, acc=0.921),
    )
    assert demo.verdict(runs, 'acc') == (
        'pruned: 25% fewer samples, 20% less training time, -0.2 points of acc. '
        'As many random samples: -0.9 points. One seed; docs/results.md has several.'
    )


def test_table_shows_saved_time_of_runs_with_the_same_load_only(capsys):
    run = dict(pruned=0.25, samples_seen=75, acc=0.928)
    full = dict(pruned=0.0, seconds=200.0, samples_seen=100, acc=0.93)
    demo.show(
        dict(full=full, pruned=dict(run, seconds=150.0), random=dict(run, seconds=110.0)), 'acc'
    )
    table = capsys.readouterr().out
    assert '25.0%' in table
    assert '45.0%' not in table
