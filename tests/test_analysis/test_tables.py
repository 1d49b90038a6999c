import csv
import errno

import numpy as np
import pytest

from bls_mm.analysis import tables
from bls_mm.analysis.tables import write_csv


def read(path):
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.reader(file))


@pytest.mark.parametrize(
    ('text', 'cell'),
    [
        ('plain', 'plain'),
        ('', ''),
        ('a,b', 'a,b'),
        ('say "x"', 'say "x"'),
        ('two\nlines', 'two\nlines'),
        ('=HYPERLINK("http://x", "y")', '\'=HYPERLINK("http://x", "y")'),
        ('=1+1', "'=1+1"),
        ('+1', "'+1"),
        ('-1', "'-1"),
        ('@SUM(A1)', "'@SUM(A1)"),
        ('\t=1', "'\t=1"),
        ('\r=1', "'\r=1"),
        ('\n=1', "'\n=1"),
        ('＝1', "'＝1"),
        ('a=1', 'a=1'),
        ('lone \ud800', 'lone ?'),
        ('\udcff.png', '?.png'),
        ('nul\0', 'nul?'),
        ('é 文', 'é 文'),
    ],
)
def test_texts_stay_in_their_cell_and_are_no_formulas(tmp_path, text, cell):
    write_csv(tmp_path / 'a.csv', dict(first=[1], text=[text], last=[2]))
    assert read(tmp_path / 'a.csv') == [['first', 'text', 'last'], ['1', cell, '2']]


def test_numbers_are_written_as_they_are(tmp_path):
    columns = dict(
        a=np.array([0.1, -2, np.nan], np.float32),
        b=np.arange(-1, 2),
        c=np.array([True, False, True]),
    )
    write_csv(tmp_path / 'a.csv', columns)
    rows = [['0.1', '-1', 'true'], ['-2.0', '0', 'false'], ['nan', '1', 'true']]
    assert read(tmp_path / 'a.csv') == [['a', 'b', 'c'], *rows]


def test_full_disk_keeps_the_old_table(tmp_path, monkeypatch):
    write_csv(tmp_path / 'a.csv', dict(a=[1]))

    def full(value):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(tables, 'as_cell', full)
    with pytest.raises(OSError):
        write_csv(tmp_path / 'a.csv', dict(a=[2]))
    assert read(tmp_path / 'a.csv') == [['a'], ['1']]
    assert [path.name for path in tmp_path.iterdir()] == ['a.csv']
