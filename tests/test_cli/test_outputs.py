"""Files go next to the run, and not over those of another run."""

import pytest

from bls_mm.cli.outputs import contains_run, output_path, verb_for


@pytest.fixture
def runs(tmp_path):
    for name in ('one', 'two'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'last_checkpoint').write_text('epoch_1.pth')
        (tmp_path / name / 'report.html').write_text(name)
    return tmp_path


def test_default_is_next_to_the_run(runs):
    assert output_path(runs / 'one', None, 'a.csv') == runs / 'one' / 'a.csv'


def test_file_of_another_run_is_refused(runs):
    with pytest.raises(FileExistsError, match=r'belongs to another run; give another --out'):
        output_path(runs / 'one', runs / 'two' / 'report.html', 'report.html')
    for allowed in ('one/report.html', 'two/new.html', 'report.html'):
        assert output_path(runs / 'one', runs / allowed, 'a') == runs / allowed


def test_message_says_what_is_replaced(runs):
    assert verb_for(runs / 'one' / 'report.html') == 'replaced'
    assert verb_for(runs / 'one' / 'new.html') == 'wrote'
    assert contains_run(runs / 'one') and not contains_run(runs)
