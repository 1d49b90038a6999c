"""``bls data``: finds the makers, and passes their options on."""

import subprocess
import sys

import pytest

from bls_mm.cli.data_command import makers, summary_of


def test_every_maker_has_a_name_and_a_summary():
    assert {'words', 'characters', 'digit-scenes'} <= set(makers())
    assert all('\n' not in summary_of(path) for path in makers().values())


@pytest.mark.parametrize(
    ('name', 'hint'), [('wrods', 'did you mean bls data words?'), ('coco', 'choose one of char')]
)
def test_unknown_data_set(name, hint, sentence_of):
    assert hint in sentence_of('data', name)


def test_data_set_is_made(tmp_path):
    pytest.importorskip('cv2')
    command = [sys.executable, '-m', 'bls_mm.cli', 'data']
    flags = ['--out', 'words', '--train', '4', '--test', '2', '--processes', '1']
    done = subprocess.run(
        [*command, 'words', *flags], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert 'words: made 4 training and 2 test images' in done.stdout, done.stderr
    assert len(list((tmp_path / 'words').rglob('*.jpg'))) == 6
    wrong = subprocess.run(
        [*command, 'words', '--tra', '4'], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    assert wrong.stderr.splitlines()[-1].startswith('bls data words: error: unrecognized arguments')
