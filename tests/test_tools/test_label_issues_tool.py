"""tools/analysis/label_issues.py, on a run of the toy model with a training set of 12 words."""

import csv
import sys
from pathlib import Path

import pytest
import torch
from mmengine.registry import MODELS, DefaultScope
from toy import train

pytest.importorskip('mmdet')
sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'analysis'))

import label_issues as tool

from bls_mm.analysis.export import load_scores
from bls_mm.analysis.label_issues import order_of
from bls_mm.analysis.pictures import Pictures
from bls_mm.config import load_config


def run_tool(monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', ['label_issues', *map(str, arguments)])
    tool.main()


def rows_of(path):
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def test_table_ranks_samples_by_score(tmp_path, monkeypatch, words_run):
    checkpoint, out = words_run / 'epoch_8.pth', tmp_path / 'a.csv'
    config = words_run / 'config.py'
    run_tool(monkeypatch, checkpoint, '--by', 'score', '--top', 5, '--out', out, '--config', config)
    rows, scores = rows_of(out), load_scores(str(checkpoint))['table']['score']
    assert list(rows[0]) == ['rank', 'index', 'value', 'source', 'image', 'label']
    assert [int(row['index']) for row in rows] == order_of(scores)[:5].tolist()
    assert [row['value'] for row in rows] == [str(float(f'{s:.4g}')) for s in -sorted_(-scores)[:5]]
    assert all(Path(row['image']).is_file() and row['label'] for row in rows)


def sorted_(values):
    return torch.from_numpy(values).sort().values.numpy()


def test_labels_and_paths_stay_in_their_columns(tmp_path, monkeypatch, words_run):
    labels = ['=HYPERLINK("http://x","y")', 'a,b', 'two\nlines', 'lone \ud800', '-1']

    class Odd(Pictures):
        def describe(self, index):
            if index == 11:
                raise KeyError('text')
            text = labels[index % 5]
            return super().describe(index)._replace(text=text, path=f'+{index},.png')

    monkeypatch.setattr('bls_mm.analysis.pictures.Pictures', Odd)
    out, config = tmp_path / 'a.csv', words_run / 'config.py'
    run_tool(
        monkeypatch, words_run / 'epoch_8.pth', '--by', 'score', '--out', out, '--config', config
    )
    rows = {int(row['index']): row for row in rows_of(out)}
    assert len(rows) == 12
    expected = ['\'=HYPERLINK("http://x","y")', 'a,b', 'two\nlines', 'lone ?', "'-1"]
    assert [rows[index]['label'] for index in range(5)] == expected
    assert rows[3]['image'] == "'+3,.png"
    assert (rows[11]['label'], rows[11]['image']) == ('', '')


@pytest.fixture
def checkpoint(tmp_path, words_run):
    """A checkpoint with weights of the model of the config."""
    config = load_config(str(words_run / 'config.py'))
    saved = torch.load(words_run / 'epoch_8.pth', weights_only=True)
    with DefaultScope.overwrite_default_scope(config.default_scope):
        saved['state_dict'] = MODELS.build(config.model).state_dict()
    torch.save(saved, tmp_path / 'epoch_8.pth')
    return tmp_path / 'epoch_8.pth'


def test_losses_come_from_the_weights_of_the_checkpoint(
    tmp_path, monkeypatch, words_run, checkpoint, capsys
):
    out, config = tmp_path / 'a.csv', words_run / 'config.py'
    run_tool(monkeypatch, checkpoint, '--out', out, '--config', config)
    first = rows_of(out)
    assert len({row['value'] for row in first}) > 6
    assert 'the top 12 of 12 samples, by loss' in capsys.readouterr().out
    run_tool(monkeypatch, checkpoint, '--out', out, '--config', config)
    assert rows_of(out) == first
    with pytest.raises(SystemExit, match='do not belong to the model of the config; name the con'):
        run_tool(monkeypatch, words_run / 'epoch_8.pth', '--out', out, '--config', config)


def test_config_must_be_named(monkeypatch, words_run, capsys):
    with pytest.raises(SystemExit):
        run_tool(monkeypatch, words_run / 'epoch_8.pth')
    assert 'the following arguments are required: --config' in capsys.readouterr().err


@pytest.mark.parametrize('by', ['loss', 'score'])
def test_checkpoint_runs_no_code(tmp_path, monkeypatch, words_run, checkpoint, by):
    class Evil:
        def __reduce__(self):
            return (tmp_path / 'proof').touch, ()

    saved = torch.load(checkpoint, weights_only=True)
    code = f'import os\nos.system("touch {tmp_path}/proof")\n'
    saved['message_hub']['runtime_info']['cfg'] = code
    torch.save(saved, tmp_path / 'text.pth')
    torch.save({**saved, 'meta': Evil()}, tmp_path / 'pickle.pth')
    options = '--by', by, '--out', tmp_path / 'a.csv', '--config', words_run / 'config.py'
    run_tool(monkeypatch, tmp_path / 'text.pth', *options)
    with pytest.raises(SystemExit, match='is damaged, or contains more than the data'):
        run_tool(monkeypatch, tmp_path / 'pickle.pth', *options)
    assert not (tmp_path / 'proof').exists()


def test_other_training_set_gives_one_sentence(tmp_path, monkeypatch, words_run):
    train(tmp_path, max_epochs=1)
    with pytest.raises(SystemExit, match='the training set has 12 samples, but the checkpoint has'):
        run_tool(monkeypatch, tmp_path / 'epoch_1.pth', '--config', words_run / 'config.py')
    (tmp_path / 'broken.py').write_text('model = dict()\n')
    with pytest.raises(SystemExit, match='the training set could not be opened'):
        run_tool(monkeypatch, tmp_path / 'epoch_1.pth', '--config', tmp_path / 'broken.py')
    with pytest.raises(SystemExit, match='there is no config file'):
        run_tool(monkeypatch, tmp_path / 'epoch_1.pth', '--config', tmp_path / 'none.py')
