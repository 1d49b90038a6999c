"""tools/analysis/report.py, on runs of the toy model."""

import os
import sys
from pathlib import Path

import pytest
from toy import train

pytest.importorskip('plotly')
sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'analysis'))

import report as tool


def run_tool(monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', ['report', *map(str, arguments)])
    tool.main()


def test_report_runs_nothing_of_the_work_dir(tmp_path, monkeypatch, capsys):
    train(tmp_path, max_epochs=2)
    evil = tmp_path / 'config.py'
    evil.write_text(f'import os\nos.system("touch {tmp_path}/proof")\n')
    os.utime(evil, (2e9, 2e9))
    run_tool(monkeypatch, tmp_path, '--full', tmp_path)
    page = (tmp_path / 'report.html').read_text()
    assert 'code in it is not run' in page
    assert not (tmp_path / 'proof').exists()
    assert f'it shows no samples; to show them, add --config {evil}' in capsys.readouterr().out


def test_named_config_shows_samples(tmp_path, monkeypatch, words_run, capsys):
    pytest.importorskip('mmdet')
    out = tmp_path / 'page.html'
    run_tool(monkeypatch, words_run, '--config', words_run / 'config.py', '--out', out)
    assert out.read_text().count('<figure') >= 12
    assert 'it shows no samples' not in capsys.readouterr().out


def test_random_run_with_another_pruner_is_refused(monkeypatch, words_run):
    with pytest.raises(SystemExit, match='--random names a run with InfoBatch'):
        run_tool(monkeypatch, words_run, '--random', words_run)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['none'], 'contains no run'),
        (['run', '--full', 'none'], 'contains no run'),
        (['run', '--random', 'none'], 'contains no run'),
        (['run', '--config', 'none.py'], 'there is no config file'),
        (['run', '--config', 'no_such_package::a.py'], 'which is not installed'),
        (['run', '--out', 'run'], 'is a folder; give a file'),
    ],
)
def test_wrong_input_gives_one_sentence(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    train('run', max_epochs=1)
    with pytest.raises(SystemExit, match=message) as caught:
        run_tool(monkeypatch, *arguments)
    assert '\n' not in str(caught.value)
    assert not list(tmp_path.rglob('*.part'))
