"""A short torture run; `make torture` makes a long one."""

import pytest
from torture import torture


@pytest.mark.slow
def test_killed_and_resumed_runs_equal_uninterrupted_runs(tmp_path):
    rows = torture(kills=8, seed=1, folder=tmp_path)
    assert len({row['scenario'] for row in rows}) >= 3
    assert [row['different'] for row in rows] == [[]] * len(rows)
