"""Reads a config that MMEngine dumped, without running it."""

import ast
from typing import Any

MAX_LENGTH = 1 << 22  # characters; a dumped config has about 10,000


def parse_config(text: str) -> dict:
    """Reads a config that consists of assignments of literals, as MMEngine dumps it.

    Args:
        text (str): The config in Python syntax. It is parsed, never run.

    Returns:
        dict: The settings.

    Raises:
        ValueError: If the text contains anything else.
    """
    try:
        if len(text) > MAX_LENGTH:
            raise ValueError
        return dict(map(_assignment, ast.parse(text).body))
    except (SyntaxError, TypeError, ValueError, RecursionError, MemoryError):
        raise ValueError(
            'the config is not a list of plain settings, as MMEngine writes it, and code in it is '
            'not run; give the config file explicitly, with --config'
        ) from None


def value_of(node: ast.expr) -> Any:
    """Evaluates a literal, ``dict(...)``, or a container of these.

    Raises:
        ValueError: If the expression contains anything else.
    """
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict':
        if node.args or any(keyword.arg is None for keyword in node.keywords):
            raise ValueError
        return {keyword.arg: value_of(keyword.value) for keyword in node.keywords}
    if isinstance(node, ast.Dict):
        if None in node.keys:  # {**other}
            raise ValueError
        return {value_of(key): value_of(value) for key, value in zip(node.keys, node.values)}
    if isinstance(node, (ast.List, ast.Tuple)):
        values = [value_of(element) for element in node.elts]
        return values if isinstance(node, ast.List) else tuple(values)
    return ast.literal_eval(node)


def _assignment(statement: ast.stmt) -> tuple:
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        raise ValueError
    (target,) = statement.targets
    if not isinstance(target, ast.Name):
        raise ValueError
    return target.id, value_of(statement.value)
