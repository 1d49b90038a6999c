"""Help, wrong commands and wrong flags of ``bls``."""

import re
import subprocess
import sys

import pytest
from messages import without_import_warnings

from bls_mm import __version__
from bls_mm.cli.main import COMMANDS, main, parse_args


def test_overview_lists_every_command(capsys):
    main(['--help'])
    text = capsys.readouterr().out
    assert all(f'  {name} ' in text for name in COMMANDS)
    main([])
    assert capsys.readouterr().out == text


def test_version(capsys):
    main(['--version'])
    assert capsys.readouterr().out == f'bls_mm {__version__}\n'


@pytest.mark.parametrize('name', COMMANDS)
def test_help_has_an_example_and_explains_every_flag(name, capsys):
    with pytest.raises(SystemExit) as end:
        main([name, '--help'])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert f'example:\n  bls {name} ' in text
    assert '--debug' in text
    lines = text[re.search('^option.*:$', text, re.MULTILINE).start() :].splitlines()
    for line, following in zip(lines, [*lines[1:], '']):
        if line.startswith('  -') and len(line.split('  ')) == 2:  # the flag fills the line
            assert following.startswith(' ' * 24), line


@pytest.mark.parametrize('name', sorted(set(COMMANDS) - {'data'}))
def test_defaults_are_shown(name, capsys):
    with pytest.raises(SystemExit):
        main([name, '--help'])
    text = ' '.join(capsys.readouterr().out.split())
    assert text.count('(default:') >= 2


def test_misspelt_command_is_answered(sentence_of):
    assert sentence_of('trian') == "there is no command 'trian'; did you mean bls train?"
    assert sentence_of('xyzzy') == "there is no command 'xyzzy'; see bls --help"


@pytest.mark.parametrize(
    ('flags', 'message'),
    [
        (['--work', 'x'], 'unrecognized arguments: --work x; did you mean --work-dir?'),
        (['--prunner=SeTa'], 'unrecognized arguments: --prunner=SeTa; did you mean --pruner?'),
        (['--cfg-options', 'lr'], "--cfg-options needs key=value, but got 'lr'"),
        (['--target-savings', '30'], "'30' is not a fraction of at least 0 and below 1"),
        (['--num-samples', '0'], "'0' is not an integer of at least 1"),
    ],
)
def test_wrong_flag_ends_with_one_sentence(flags, message, capsys):
    with pytest.raises(SystemExit) as end:
        parse_args('train', ['config.py', *flags], 'bls train')
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert error.count('\n') == 1 and error.startswith('bls train: ') and message in error


def test_module_is_the_command():
    done = subprocess.run(
        [sys.executable, '-m', 'bls_mm.cli', 'nothing'], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert without_import_warnings(done.stderr) == "there is no command 'nothing'; see bls --help\n"
