from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS
from old_torch import reads_checkpoints
from toy import train

from bls_mm.analysis.export import last_seen, load_scores


@reads_checkpoints
def test_table_matches_run(tmp_path):
    _, _, hook = train(tmp_path, max_epochs=5)
    scores = load_scores(str(tmp_path / 'epoch_5.pth'))
    table, scorer = scores['table'], hook.sampler.scorer
    assert scores['epoch'] == 5
    np.testing.assert_array_equal(table['score'], scorer.scores)
    np.testing.assert_array_equal(table['visits'], scorer.visits)
    assert np.flatnonzero(table['kept']).tolist() == hook.sampler.plan.indices.tolist()
    seen = last_seen(tmp_path, 42, 5)
    assert set(np.flatnonzero(seen == 5)) == set(np.flatnonzero(table['kept']))
    assert seen.min() >= 1  # the first epoch sees everything
    assert last_seen(tmp_path, 42, 3).max() == 3


def test_last_seen_needs_all_records(tmp_path):
    train(tmp_path, max_epochs=3)
    assert last_seen(tmp_path, 43, 3) is None
    (tmp_path / 'bls' / 'epoch_2.npz').unlink()
    assert last_seen(tmp_path, 42, 3) is None
    assert last_seen(tmp_path, 42, 10**15) is None


def test_checkpoint_without_scores_raises(tmp_path):
    torch.save(dict(state_dict={}), tmp_path / 'plain.pth')
    with pytest.raises(ValueError, match='has no scores: the run that saved it had no BLSHook'):
        load_scores(str(tmp_path / 'plain.pth'))


@reads_checkpoints
@pytest.mark.parametrize('change', ['no plan', 'too few visits', 'list', 'no number', 'not a dict'])
def test_damaged_scores_raise_one_sentence(tmp_path, change):
    train(tmp_path, max_epochs=1)
    path = tmp_path / 'epoch_1.pth'
    checkpoint = torch.load(path, weights_only=True)
    state = checkpoint['bls']['sampler']
    if change == 'no plan':
        del state['plan']
    elif change == 'too few visits':
        state['scorer']['visits'] = state['scorer']['visits'][1:]
    elif change == 'list':
        state['scorer']['scores'] = [1.0] * 42
    elif change == 'no number':
        state['epoch'] = 'last'
    else:
        checkpoint['bls'] = 5
    torch.save(checkpoint, path)
    with pytest.raises(ValueError, match=r'the scores in .* are damaged') as caught:
        load_scores(str(path))
    assert '\n' not in str(caught.value)


@DATASETS.register_module()
class TenNumbers(BaseDataset):
    def load_data_list(self):
        return [dict(number=i) for i in range(10)]


def test_docs_snippet_selects_indices_in_mmengine(tmp_path, monkeypatch):
    page = (Path(__file__).parents[2] / 'docs' / 'how_it_works.md').read_text()
    snippet = page.rpartition('```python')[2].partition('```')[0]
    assert 'indices=' in snippet
    monkeypatch.chdir(tmp_path)
    Path('subset.txt').write_text('7\n2\n')
    Path('config.py').write_text(snippet)
    dataset = Config.fromfile('config.py').train_dataloader.dataset
    dataset = DATASETS.build(dict(type='TenNumbers', **dataset))
    assert [dataset.get_data_info(i)['number'] for i in range(len(dataset))] == [7, 2]
