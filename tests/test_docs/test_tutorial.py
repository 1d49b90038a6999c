"""The notebook of the tutorial runs from start to end."""

import csv
import os
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / 'examples'


@pytest.mark.slow
def test_notebook_trains_reports_and_ranks(tmp_path, monkeypatch):
    nbformat = pytest.importorskip('nbformat')
    nbclient = pytest.importorskip('nbclient')
    pytest.importorskip('ipykernel')
    pytest.importorskip('mmdet')
    monkeypatch.setenv('TUTORIAL_FOLDER', str(tmp_path))
    # The shell of the notebook finds the Python that runs the tests.
    monkeypatch.setenv('PATH', f'{Path(sys.executable).parent}:{os.environ["PATH"]}')
    notebook = nbformat.read(EXAMPLES / 'tutorial.ipynb', as_version=4)
    resources = dict(metadata=dict(path=str(EXAMPLES)))
    nbclient.NotebookClient(notebook, timeout=300, resources=resources).execute()
    assert (tmp_path / 'pruned' / 'report.html').stat().st_size > 1_000_000
    with open(tmp_path / 'label_issues.csv', newline='') as file:
        assert [row['rank'] for row in csv.DictReader(file)] == ['1', '2', '3', '4', '5']
    output = ''.join(
        part['text']
        for cell in notebook.cells
        for part in cell.get('outputs', ())
        if 'text' in part
    )
    assert 'BLS: trained on 84 samples instead of 120 (30.0% pruned)' in output
