"""Errors end in one sentence; the traceback is kept or shown."""

from urllib.error import URLError

import pytest
import torch

from bls_mm.cli.errors import INTERRUPTED, describe, plain_errors
from bls_mm.pruners import SeTa


def fail():
    return {}['a key']


def test_own_error_is_the_sentence():
    with pytest.raises(SystemExit) as end, plain_errors(debug=False):
        SeTa(prune_ratio=2)
    assert end.value.code == 'prune_ratio must be a fraction between 0 and 1, but got 2'


def test_foreign_error_is_one_line_with_its_type():
    with pytest.raises(SystemExit, match=r"^KeyError: 'a key'$"), plain_errors(debug=False):
        fail()
    with pytest.raises(SystemExit) as end, plain_errors(debug=False):
        raise RuntimeError('first\n  second')
    assert end.value.code == 'RuntimeError: first second'


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        (tmp_path / 'none.json').read_text()
    assert describe(caught.value).startswith(f"the file '{tmp_path}/none.json' is missing; check")


def test_name_of_the_hook_is_left_out():
    with pytest.raises(SystemExit) as end, plain_errors(debug=False):
        try:
            SeTa(prune_ratio=0.3, ratio=1)
        except TypeError as error:  # as MMEngine's Runner.call_hook does
            raise TypeError(f'{error} in <a.Hook object at 0x7f>') from None
    assert end.value.code.endswith("unexpected keyword argument 'ratio'")


def test_failed_download_says_how_to_do_without():
    sentence = describe(URLError('no such host'))
    assert sentence.startswith('a download failed (no such host); without a network, remove')


def test_traceback_is_kept_in_the_work_dir(tmp_path):
    with pytest.raises(SystemExit) as end, plain_errors(False, str(tmp_path)):
        fail()
    (log,) = tmp_path.glob('error_*.log')
    assert end.value.code.endswith(f'(traceback: {log})')
    assert "return {}['a key']" in log.read_text()


def test_no_folder_is_made_for_the_traceback(tmp_path):
    with pytest.raises(SystemExit), plain_errors(False, str(tmp_path / 'run')):
        fail()
    assert not list(tmp_path.iterdir())


def test_debug_passes_the_error():
    with pytest.raises(KeyError), plain_errors(debug=True):
        fail()


def test_interrupt_is_one_line(capsys):
    with pytest.raises(SystemExit) as end, plain_errors(False, advice='; try again'):
        raise KeyboardInterrupt
    assert end.value.code == INTERRUPTED
    assert capsys.readouterr().err == 'interrupted; try again\n'


def test_error_of_an_interrupted_write_is_an_interrupt(capsys):
    with pytest.raises(SystemExit) as end, plain_errors(False):
        try:
            raise KeyboardInterrupt
        finally:
            raise RuntimeError('unexpected pos 64 vs 0')
    assert end.value.code == INTERRUPTED
    assert capsys.readouterr().err == 'interrupted\n'


def test_compare_is_refused_before_any_training_if_it_cannot_read_the_results(
    write_config, sentence_of, monkeypatch
):
    monkeypatch.setattr(torch, '__version__', '2.5.1')
    assert sentence_of('compare', write_config()) == (
        'bls compare needs torch 2.6 or later, to read checkpoints of MMEngine, but torch 2.5.1 is '
        'installed'
    )
