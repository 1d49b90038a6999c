"""Fails loudly unless a demo's summary keeps the promise: fewer samples, less time, as good."""

import json
import sys
from pathlib import Path

# One seed on 2,000 words is good for +-1.5 points; the mean of three seeds is in the docs.
MOST_LOST = 0.03


def main(path: str) -> None:
    runs = json.loads(Path(path).read_text())['runs']
    full = runs.pop('full')
    broken = []
    if full['word_acc'] < 0.88:
        broken.append(f'the full model reads only {full["word_acc"]:.1%}')
    for name, run in runs.items():
        if run['pruned'] < 0.2:
            broken.append(f'{name} prunes only {run["pruned"]:.1%}')
        if run['word_acc'] < full['word_acc'] - MOST_LOST:
            broken.append(
                f'{name} reads {run["word_acc"]:.1%}, the full model {full["word_acc"]:.1%}'
            )
        if run['samples_seen'] >= full['samples_seen']:
            broken.append(f'{name} saw no fewer samples than the full run')
    if broken:
        sys.exit('the demo breaks its promise: ' + '; '.join(broken))
    print(f'the demo keeps its promise: {json.dumps(runs)}')


if __name__ == '__main__':
    main(sys.argv[1])
