"""Checks the summary of a demo: pruned runs see fewer samples and lose little accuracy."""

import json
import sys
from pathlib import Path

# On 4,000 test words an accuracy has a standard error of 0.4 points; seeds differ by a point.
MAX_LOSS = 0.02


def main(path: str) -> None:
    """Checks a summary, and exits with an error if a check fails."""
    runs = json.loads(Path(path).read_text())['runs']
    full = runs.pop('full')
    runs.pop('random')  # what random samples cost is for the reader
    broken = []
    if full['word_acc'] < 0.88:
        broken.append(f'the full run has a word accuracy of only {full["word_acc"]:.1%}')
    for name, run in runs.items():
        if run['pruned'] < 0.245:
            broken.append(f'{name} prunes only {run["pruned"]:.1%}')
        if run['word_acc'] < full['word_acc'] - MAX_LOSS:
            accuracies = f'{run["word_acc"]:.1%} instead of {full["word_acc"]:.1%}'
            broken.append(f'{name} has a word accuracy of {accuracies}')
        if run['samples_seen'] >= full['samples_seen']:
            broken.append(f'{name} saw as many samples as the full run, or more')
    if broken:
        sys.exit('the demo failed: ' + '; '.join(broken))
    print(f'the demo passed: {json.dumps(runs)}')


if __name__ == '__main__':
    main(sys.argv[1])
