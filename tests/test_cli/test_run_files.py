"""``bls export``, ``bls label-issues`` and ``bls report`` take a work dir and write into it."""

import pytest
from old_torch import reads_checkpoints
from toy import train

from bls_mm.analysis.checkpoints import find_checkpoint
from bls_mm.cli.main import main


def test_latest_checkpoint_of_a_work_dir(tmp_path):
    with pytest.raises(FileNotFoundError, match='has no checkpoint; name a checkpoint, or the wo'):
        find_checkpoint(tmp_path)
    with pytest.raises(FileNotFoundError, match='there is no checkpoint'):
        find_checkpoint(tmp_path / 'none.pth')
    train(tmp_path, max_epochs=3)
    assert find_checkpoint(tmp_path) == tmp_path / 'epoch_3.pth'
    assert find_checkpoint(tmp_path / 'epoch_1.pth') == tmp_path / 'epoch_1.pth'
    (tmp_path / 'last_checkpoint').write_text('/moved/from/epoch_2.pth')
    assert find_checkpoint(tmp_path) == tmp_path / 'epoch_2.pth'
    (tmp_path / 'last_checkpoint').unlink()
    assert find_checkpoint(tmp_path) == tmp_path / 'epoch_3.pth'


@reads_checkpoints
def test_export_writes_next_to_the_checkpoint(tmp_path, capsys):
    train(tmp_path, max_epochs=2)
    main(['export', str(tmp_path)])
    assert f'wrote {tmp_path}/scores_epoch_2.csv: 42 samples' in capsys.readouterr().out
    main(['export', str(tmp_path / 'epoch_1.pth')])
    assert len(list(tmp_path.glob('scores_epoch_*.csv'))) == 2
    main(['export', str(tmp_path)])
    assert f'replaced {tmp_path}/scores_epoch_2.csv' in capsys.readouterr().out


@reads_checkpoints
def test_export_keeps_the_files_of_another_run(tmp_path, sentence_of):
    for name in ('one', 'two'):
        train(tmp_path / name, max_epochs=1)
        main(['export', str(tmp_path / name)])
    other = tmp_path / 'two' / 'scores_epoch_1.csv'
    assert 'belongs to another run' in sentence_of('export', tmp_path / 'one', '--out', other)


@reads_checkpoints
def test_label_issues_writes_next_to_the_checkpoint(words_run, capsys):
    pytest.importorskip('mmdet')
    config = str(words_run / 'config.py')
    main(['label-issues', str(words_run), '--by', 'score', '--config', config])
    assert f'wrote {words_run}/label_issues.csv: the top 12' in capsys.readouterr().out
    (words_run / 'label_issues.csv').unlink()


def test_report_refuses_a_run_of_another_task(tmp_path, sentence_of):
    pytest.importorskip('plotly')
    train(tmp_path / 'run', max_epochs=2)
    train(tmp_path / 'other', max_epochs=2, num=30)
    for flag in ('--full', '--random'):
        sentence = sentence_of('report', tmp_path / 'run', flag, tmp_path / 'other')
        assert sentence.startswith(f"{flag} '{tmp_path}/other' is a run of another task: its train")
    assert not (tmp_path / 'run' / 'report.html').exists()


def test_report_shows_random_samples(tmp_path):
    pytest.importorskip('plotly')
    train(tmp_path / 'run', max_epochs=2)
    train(tmp_path / 'random', max_epochs=2, pruner=dict(type='DynamicRandom'))
    main(['report', str(tmp_path / 'run'), '--random', str(tmp_path / 'random')])
    assert (tmp_path / 'run' / 'report.html').is_file()


@reads_checkpoints
def test_outputs_are_checked_before_the_work(words_run, sentence_of, tmp_path, capsys):
    pytest.importorskip('mmdet')
    run = 'label-issues', words_run, '--config', words_run / 'config.py'
    assert "no sample has 'typo' in its data_info" in sentence_of(*run, '--truth', 'typo')
    (tmp_path / 'folder.csv').mkdir()
    assert 'is a folder; give a file' in sentence_of(*run, '--out', tmp_path / 'folder.csv')
    for flags in (['--out', 'x.parquet'], ['--truth', 'swapped', '--plot', 'x.txt']):
        with pytest.raises(SystemExit):
            main([str(argument) for argument in (*run, *flags)])
        assert f'{flags[-2]} must be a .' in capsys.readouterr().err
    assert not (words_run / 'label_issues.csv').exists()
