import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS
from toy import train

from bls_mm.analysis.export import last_seen, load_scores

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'analysis'))


def test_the_table_is_what_the_run_did(tmp_path):
    _, _, hook = train(tmp_path, max_epochs=5)
    scores = load_scores(str(tmp_path / 'epoch_5.pth'))
    table, scorer = scores['table'], hook.sampler.scorer
    assert scores['epoch'] == 5
    np.testing.assert_array_equal(table['score'], scorer.scores)
    np.testing.assert_array_equal(table['visits'], scorer.visits)
    assert np.flatnonzero(table['kept']).tolist() == hook.sampler.selection.indices.tolist()
    seen = last_seen(tmp_path, 42, 5)
    assert set(np.flatnonzero(seen == 5)) == set(np.flatnonzero(table['kept']))
    assert seen.min() >= 1  # the first epoch sees everything
    assert last_seen(tmp_path, 42, 3).max() == 3


def test_what_the_records_do_not_tell_is_not_guessed(tmp_path):
    train(tmp_path, max_epochs=3)
    assert last_seen(tmp_path, 43, 3) is None
    (tmp_path / 'bls' / 'epoch_2.npz').unlink()
    assert last_seen(tmp_path, 42, 3) is None


def test_a_checkpoint_without_scores_is_one_sentence(tmp_path):
    torch.save(dict(state_dict={}), tmp_path / 'plain.pth')
    with pytest.raises(ValueError, match='has no scores: it was saved by a run without BLSHook'):
        load_scores(str(tmp_path / 'plain.pth'))


@pytest.mark.parametrize('suffix', ['.csv', '.parquet'])
def test_the_tool_writes_a_table_that_trains_again(tmp_path, monkeypatch, config_of, suffix):
    pytest.importorskip('mmdet')
    pytest.importorskip('pyarrow')
    import export_scores
    from pyarrow import compute, csv, parquet

    train(tmp_path / 'run', num=12, max_epochs=4, batch_size=2)
    checkpoint = tmp_path / 'run' / 'epoch_4.pth'
    state = torch.load(checkpoint, weights_only=True)
    state['message_hub']['runtime_info']['cfg'] = config_of('textrecog').pretty_text
    torch.save(state, checkpoint)
    out = tmp_path / f'scores{suffix}'
    monkeypatch.setattr(sys, 'argv', ['export_scores', str(checkpoint), '--out', str(out)])
    export_scores.main()
    table = (csv.read_csv if suffix == '.csv' else parquet.read_table)(out)
    columns = ['index', 'image', 'source', 'score', 'visits', 'last_seen', 'kept']
    assert table.column_names == columns
    assert table['source'].to_pylist() == ['printed'] * 6 + ['scene'] * 6
    assert all(Path(path).is_file() for path in table['image'].to_pylist())

    kept = table.filter(compute.greater(table['score'], table['score'][0]))
    csv.write_csv(kept, tmp_path / 'subset.csv')
    pruner = dict(type='StaticSubset', indices=str(tmp_path / 'subset.csv'))
    _, recorder, _ = train(tmp_path / 'again', num=12, batch_size=2, pruner=pruner)
    expected = set(kept['index'].to_pylist())
    assert {i for batch in recorder.batches for i in batch} == expected


@DATASETS.register_module()
class TenNumbers(BaseDataset):
    def load_data_list(self):
        return [dict(number=i) for i in range(10)]


def test_stock_mmengine_trains_on_the_same_indices(tmp_path, monkeypatch):
    page = (Path(__file__).parents[2] / 'docs' / 'scores.md').read_text()
    snippet = page.rpartition('```python')[2].partition('```')[0]
    assert 'indices=' in snippet
    monkeypatch.chdir(tmp_path)
    Path('subset.txt').write_text('7\n2\n')
    Path('config.py').write_text(snippet)
    dataset = Config.fromfile('config.py').train_dataloader.dataset
    dataset = DATASETS.build(dict(type='TenNumbers', **dataset))
    assert [dataset.get_data_info(i)['number'] for i in range(len(dataset))] == [7, 2]
