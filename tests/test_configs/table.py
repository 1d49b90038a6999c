"""Makes the table of ``docs/configs.md`` from the reports of the tests."""

import re
from typing import Dict, List, NamedTuple

BEGIN, END = '<!-- table of configs -->', '<!-- end of table -->'
# Configs that differ only in these parts of their names share a row.
GRID = re.compile(r'(?<=cifar)100?|(?<=/resnet)(18|50)(?=.*cifar)|(?<=-p)\d\d(?=.*cifar)')


class Row(NamedTuple):
    """The test report of one config."""

    name: str
    components: int
    seconds: float
    passed: bool


def to_table(rows: List[Row]) -> str:
    """Returns a table in Markdown, with one row for a grid of configs.

    Args:
        rows (list[Row]): One for each config.

    Returns:
        str: The table.
    """
    groups: Dict[str, List[Row]] = {}
    for row in sorted(rows):
        groups.setdefault(GRID.sub('*', row.name), []).append(row)
    lines = ['| config | configs | losses | seconds | passed |', '|---|--:|--:|--:|--:|']
    lines += [
        f'| `{name}` | {len(group)} | {_span([row.components for row in group])} '
        f'| {sum(row.seconds for row in group) / len(group):.1f} '
        f'| {sum(row.passed for row in group)} |'
        for name, group in groups.items()
    ]
    passed, seconds = sum(row.passed for row in rows), sum(row.seconds for row in rows)
    lines.append(f'| all | {len(rows)} | | {seconds:.0f} in total | {passed} |')
    return '\n'.join(lines)


def replace_table(text: str, table: str) -> str:
    """Replaces the table between the marks of a page.

    Raises:
        ValueError: If a mark is missing.
    """
    if BEGIN not in text or END not in text:
        raise ValueError(f'the page needs the lines {BEGIN!r} and {END!r} around the table')
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return f'{before}{BEGIN}\n{table}\n{END}{after}'


def _span(numbers: List[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f'{low} to {high}'
