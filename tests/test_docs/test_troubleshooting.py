"""What the page on troubleshooting quotes is what the library says, and it says nothing else."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'troubleshooting.md').read_text()
SOURCES = [*(ROOT / 'bls_mm').rglob('*.py'), ROOT / 'tools' / 'train.py']


def pieces(text):
    """The words of a text, without what Python needs to write it down."""
    text = re.sub(r"'\n\s*f?'|\"\n\s*f?'|'\n\s*f?\"|\"\n\s*f?\"", '', text)
    return re.sub(r'\{[^}]*\}', ' ', text)


SAID = ' '.join(' '.join(pieces(path.read_text()) for path in SOURCES).split())


def share_said(sentence):
    """Share of the rows of three words that stand in the sources; names and values do not."""
    words = sentence.replace('...', ' ').split()
    rows = [' '.join(words[start : start + 3]) for start in range(max(1, len(words) - 2))]
    return sum(row in SAID for row in rows) / len(rows)


def test_every_sentence_is_one_of_ours():
    terms = re.findall(r'^(`.*)\n:', PAGE, re.MULTILINE)
    sentences = [sentence for term in terms for sentence in re.findall(r'`([^`]{12,})`', term)]
    assert len(sentences) >= 30
    for sentence in sentences:
        assert share_said(sentence) >= 0.2, sentence
    assert share_said('the moon is made of green cheese') == 0


def raised(path):
    """Yields the sentences that a file raises, without names and values."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            text = node.exc.args[0]
            parts = text.values if isinstance(text, ast.JoinedStr) else [text]
            yield ' '.join(part.value for part in parts if isinstance(part, ast.Constant))


def test_every_sentence_is_explained_or_its_option_is_named():
    page = ' '.join(PAGE.replace('`', ' ').replace('...', ' ').split())
    sentences = {sentence for path in SOURCES for sentence in raised(path) if sentence}
    assert len(sentences) >= 60
    for sentence in sentences:
        words = sentence.replace('...', ' ').split()
        rows = [' '.join(words[start : start + 3]) for start in range(max(1, len(words) - 2))]
        assert f'`{words[0]}`' in PAGE or any(row in page for row in rows), sentence
