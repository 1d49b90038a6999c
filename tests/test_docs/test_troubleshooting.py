"""The page on troubleshooting quotes the messages of the code, and explains all of them."""

import ast
import re
from pathlib import Path

import pytest

from bls_mm.hooks import loss_tap

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'troubleshooting.md').read_text()
COMMANDS = ROOT / 'bls_mm' / 'cli'
OF_TRAINING = ('train_command', 'run_check', 'dry_run', 'pruning_flags')
LIBRARY = [
    path
    for path in (ROOT / 'bls_mm').rglob('*.py')
    if path.parent != COMMANDS or path.stem in OF_TRAINING
]
SOURCES = [*LIBRARY, *COMMANDS.glob('*.py'), *(ROOT / 'tools').rglob('*.py')]
VALUE = '...'  # what the page writes for a value that the code inserts


def text_of(node):
    """Returns the text of a string or an f-string; other nodes have none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return ''.join(text_of(part) or VALUE for part in node.values)
    return ''


def one_line(text):
    return ' '.join(text.split())


def all_strings():
    nodes = (node for path in SOURCES for node in ast.walk(ast.parse(path.read_text())))
    return '\n'.join(one_line(text_of(node)) for node in nodes)


def quotes():
    """Returns the messages that the page quotes, at the start of its entries."""
    entries = re.findall(r'^- (`[^`]+`(?:,\s+`[^`]+`)*):', PAGE, re.MULTILINE)
    return [quote for entry in entries for quote in re.findall(r'`([^`]{12,})`', entry)]


STRINGS = all_strings()


def parts_of(message):
    """Returns the fixed parts of a message, between the values."""
    return [part.strip() for part in message.split(VALUE) if part.strip()]


@pytest.mark.parametrize('quote', quotes())
def test_page_quotes_messages_word_by_word(quote):
    for part in parts_of(quote):
        assert part in STRINGS


def raised_messages():
    for path in LIBRARY:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                message = one_line(text_of(node.exc.args[0]))
                if parts_of(message):
                    yield message


@pytest.mark.parametrize('message', sorted(set(raised_messages())))
def test_page_explains_each_error_or_names_its_option(message):
    page = one_line(PAGE.replace('`', ' ').replace(VALUE, ' '))
    words = ' '.join(parts_of(message)).split()
    rows = [' '.join(words[start : start + 3]) for start in range(max(1, len(words) - 2))]
    assert f'`{words[0]}`' in PAGE or any(row in page for row in rows)


@pytest.mark.parametrize('name', ['UNKNOWN_BATCH', 'NO_STEP', 'NO_LOSS', 'SEVERAL_LOSSES'])
def test_page_explains_each_notice_about_losses(name):
    notice = getattr(loss_tap, name)
    assert any(quote in notice for quote in quotes())
