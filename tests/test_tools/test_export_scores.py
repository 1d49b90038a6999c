"""tools/analysis/export_scores.py, on runs of the toy model."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from toy import train

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'analysis'))

import export_scores

COLUMNS = ['index', 'image', 'source', 'score', 'visits', 'last_seen', 'kept']


def export(monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', ['export_scores', *map(str, arguments)])
    export_scores.main()


def rows_of(path):
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def test_csv_contains_the_scores_of_the_run(tmp_path, monkeypatch):
    _, _, hook = train(tmp_path, max_epochs=4)
    out = tmp_path / 'scores.csv'
    export(monkeypatch, tmp_path / 'epoch_4.pth', '--out', out)
    rows, scorer = rows_of(out), hook.sampler.scorer
    assert list(rows[0]) == [name for name in COLUMNS if name not in ('image', 'source')]
    assert [int(row['index']) for row in rows] == list(range(42))
    scores = np.array([row['score'] for row in rows], dtype=np.float32)
    np.testing.assert_array_equal(scores, scorer.scores)
    assert [int(row['visits']) for row in rows] == scorer.visits.tolist()
    kept = [index for index, row in enumerate(rows) if row['kept'] == 'true']
    assert kept == hook.sampler.plan.indices.tolist()


def test_exported_csv_defines_a_training_subset(tmp_path, monkeypatch):
    train(tmp_path / 'run', max_epochs=4)
    out = tmp_path / 'scores.csv'
    export(monkeypatch, tmp_path / 'run' / 'epoch_4.pth', '--out', out)
    header, *lines = out.read_text().splitlines()
    (tmp_path / 'subset.csv').write_text('\n'.join([header, *lines[3:9]]))
    pruner = dict(type='StaticSubset', indices=str(tmp_path / 'subset.csv'))
    _, recorder, _ = train(tmp_path / 'again', pruner=pruner)
    assert {i for batch in recorder.batches for i in batch} == set(range(3, 9))


@pytest.mark.parametrize('suffix', ['.csv', '.parquet'])
def test_named_config_adds_images_and_sources(tmp_path, monkeypatch, words_run, suffix):
    pytest.importorskip('mmdet')
    pytest.importorskip('pyarrow')
    from pyarrow import csv, parquet

    out = tmp_path / f'scores{suffix}'
    config = words_run / 'config.py'
    export(monkeypatch, words_run / 'epoch_8.pth', '--out', out, '--config', config)
    table = (csv.read_csv if suffix == '.csv' else parquet.read_table)(out)
    assert table.column_names == COLUMNS
    assert table['source'].to_pylist() == ['printed'] * 6 + ['scene'] * 6
    assert all(Path(path).is_file() for path in table['image'].to_pylist())
    assert str(table.schema.field('kept').type) == 'bool'


def test_checkpoint_runs_no_code(tmp_path, monkeypatch, capsys):
    train(tmp_path, max_epochs=1)
    path, proof = tmp_path / 'epoch_1.pth', tmp_path / 'proof'
    checkpoint = torch.load(path, weights_only=True)
    for text in (
        f'import os\nos.system("touch {proof}")\n',
        f'train_dataloader = dict(dataset=dict(type="os.system", command="touch {proof}"))',
        'custom_imports = dict(imports=["antigravity"])',
    ):
        checkpoint['message_hub']['runtime_info']['cfg'] = text
        torch.save(checkpoint, path)
        export(monkeypatch, path, '--out', tmp_path / 'scores.csv')
        assert not proof.exists()
        assert 'antigravity' not in sys.modules
    assert 'no columns image and source' in capsys.readouterr().out
    assert len(rows_of(tmp_path / 'scores.csv')) == 42


def test_pickled_code_is_refused(tmp_path, monkeypatch):
    class Evil:
        def __reduce__(self):
            return (tmp_path / 'proof').touch, ()

    torch.save(dict(bls=Evil()), tmp_path / 'evil.pth')
    with pytest.raises(SystemExit, match='is damaged, or contains more than the data') as caught:
        export(monkeypatch, tmp_path / 'evil.pth')
    assert '\n' not in str(caught.value)
    assert not (tmp_path / 'proof').exists()


@pytest.mark.parametrize('content', [b'', b'PK', b'text'])
def test_damaged_checkpoint_gives_one_sentence(tmp_path, monkeypatch, content):
    (tmp_path / 'cut.pth').write_bytes(content)
    with pytest.raises(SystemExit, match='is damaged') as caught:
        export(monkeypatch, tmp_path / 'cut.pth')
    assert '\n' not in str(caught.value)
    with pytest.raises(SystemExit, match='there is no checkpoint'):
        export(monkeypatch, tmp_path / 'none.pth')
