"""Parses the methods of a comparison, written as ``Pruner(option=value) + Scorer``."""

import ast
import re
from typing import NamedTuple, Optional

from .literals import value_of

UNPRUNED = 'NoPruning'
RANDOM = 'DynamicRandom'  # random samples
FEWER = 'FewerPasses'  # fewer epochs
BASELINES = (RANDOM, FEWER)


class Method(NamedTuple):
    """A method of a comparison.

    Attributes:
        name (str): The text that the user wrote.
        pruner (dict, optional): Config of the pruner. None if the method is a config file.
        scorer (dict, optional): Config of the scorer. None for the sampler's default.
    """

    name: str
    pruner: Optional[dict] = None
    scorer: Optional[dict] = None

    @property
    def folder(self) -> str:
        """The name as a valid folder name."""
        return re.sub(r'[^\w.=+-]+', '_', self.name.replace(' ', '')).strip('_')

    @property
    def is_baseline(self) -> bool:
        """Whether the method uses no scores, so that other methods are compared with it."""
        return self.pruner is not None and self.pruner['type'] in (UNPRUNED, *BASELINES)


def parse_method(text: str) -> Method:
    """Parses ``pruner`` or ``pruner + scorer``, with options in Python syntax.

    Args:
        text (str): For example ``'SeTa'``, ``'InfoBatch(prune_ratio=0.3)'`` or
            ``'InfoBatch + BatchLossScorer(alpha=0.9)'``; or a config file that ends with ``.py``.

    Returns:
        Method: The method.

    Raises:
        ValueError: If the text has another form.
    """
    if text.endswith('.py'):
        return Method(text)
    try:
        node = ast.parse(text.strip(), mode='eval').body
        parts = [node.left, node.right] if isinstance(node, ast.BinOp) else [node]
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Add):
            raise ValueError
        return Method(text, *map(_as_config, parts))
    except (SyntaxError, ValueError) as error:
        raise ValueError(
            f'method {text!r} cannot be parsed; write for example SeTa, '
            "'InfoBatch(prune_ratio=0.3) + BatchLossScorer(alpha=0.9)', or a config file"
        ) from error


def parse_component(flag: str, text: str) -> dict:
    """Parses one component of a method, as a command line gives it.

    Args:
        flag (str): The flag that the user wrote, such as ``'--pruner'``, for the error message.
        text (str): For example ``'SeTa'`` or ``'SeTa(prune_ratio=0.2)'``.

    Returns:
        dict: Its config.

    Raises:
        ValueError: If the text has another form.
    """
    try:
        node = ast.parse(text.strip(), mode='eval').body
        if isinstance(node, ast.BinOp):
            advice = f"{flag} takes one component; give a scorer with --scorer, for example 'auto'"
        else:
            return _as_config(node)
    except (SyntaxError, ValueError):
        advice = (
            f"write a name with options in Python syntax, such as {flag} 'SeTa(prune_ratio=0.2)'"
        )
    raise ValueError(f'{flag} {text!r} cannot be parsed; {advice}')


def _as_config(node: ast.expr) -> dict:
    """Converts ``Name(option=value)`` to ``dict(type='Name', option=value)``."""
    if not isinstance(node, ast.Call):
        node = ast.Call(node, [], [])
    if node.args or any(keyword.arg is None for keyword in node.keywords):
        raise ValueError
    options = {keyword.arg: value_of(keyword.value) for keyword in node.keywords}
    return dict(type=_dotted(node.func), **options)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f'{_dotted(node.value)}.{node.attr}'
    if isinstance(node, ast.Name):
        return node.id
    raise ValueError
