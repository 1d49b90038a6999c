"""Writes tables as CSV files that a spreadsheet can open without running anything."""

import csv
import io
from pathlib import Path
from typing import Any, Iterable, Mapping

import numpy as np

from bls_mm.records.files import write_atomically

from .text import encodable

# A spreadsheet takes a cell that starts with one of these for a formula, also if it is quoted.
FORMULA_STARTS = tuple('=+-@\t\r\n＝＋－＠')


def write_csv(path: Path, columns: Mapping[str, Iterable]) -> None:
    """Writes columns of equal length as a CSV file, atomically.

    An apostrophe precedes a text that a spreadsheet would take for a formula. Numbers stay as they
    are.

    Args:
        path (Path): The file.
        columns (mapping[str, iterable]): Name to values: numbers, bools, or texts.

    Raises:
        OSError: If the file cannot be written.
    """

    def write(file) -> None:
        text = io.TextIOWrapper(file, encoding='utf-8', newline='')
        table = csv.writer(text)
        table.writerow(columns)
        table.writerows(zip(*(map(as_cell, values) for values in columns.values())))
        text.detach()  # flushes it, and leaves the file open

    write_atomically(path, write)


def as_cell(value: Any) -> Any:
    """Returns a value as the CSV file contains it."""
    if isinstance(value, (bool, np.bool_)):
        return 'true' if value else 'false'
    if not isinstance(value, str):
        return value
    value = encodable(value)
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value
