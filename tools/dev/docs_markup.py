"""Converts docstrings for MkDocs. Equations become MathML, which browsers render natively."""

import re

import griffe
from latex2mathml.converter import convert

EQUATION = re.compile(r'^( *)\.\. math:: *(.+(?:\n\1 +\S.*)*)', re.MULTILINE)
INLINE = re.compile(r':math:`([^`]+)`')
ROLE = re.compile(r':(?:class|meth|func|attr|mod):`([^`]+)`')


def to_markdown(docstring: str) -> str:
    """Converts the reStructuredText roles and equations of our docstrings to Markdown."""
    docstring = EQUATION.sub(_to_block, docstring)
    docstring = INLINE.sub(lambda match: convert(match[1]), docstring)
    return ROLE.sub(r'`\1`', docstring)


def _to_block(match: re.Match) -> str:
    """Returns the equation in a container that scrolls where the page is too narrow."""
    equation = convert(' '.join(match[2].split()), display='block')
    return f'{match[1]}<div class="equation">{equation}</div>'


class Markup(griffe.Extension):
    """Applies :func:`to_markdown` to every docstring."""

    def on_instance(self, *, obj, **kwargs) -> None:
        if obj.docstring:
            obj.docstring.value = to_markdown(obj.docstring.value)
