"""The custom pruner of the docs has at most 20 lines, and works under both of its names."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from toy import train

EXAMPLE = Path(__file__).parents[2] / 'examples' / 'own_pruner.py'


def test_example_has_at_most_20_lines():
    assert len(EXAMPLE.read_text().splitlines()) <= 20


@pytest.mark.parametrize('kind', ['LeaveOutHardest', 'own_pruner.LeaveOutHardest'])
def test_example_leaves_out_the_hardest_samples(kind, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLE.parent)
    if '.' not in kind:  # as a user's config does
        (tmp_path / 'config.py').write_text("custom_imports = dict(imports='own_pruner')")
        Config.fromfile(tmp_path / 'config.py')
    _, record, _ = train(
        tmp_path,
        num=40,
        batch_size=4,
        max_epochs=2,
        pruner=dict(type=kind, prune_ratio=0.2),
    )
    first, second = record.batches[:10], record.batches[10:]
    hardest = np.argsort(record.losses[:10])[8:]  # a fifth of the batches
    left_out = sorted(index for batch in hardest for index in first[batch])
    assert sorted(np.concatenate(second)) == sorted(set(range(40)) - set(left_out))
