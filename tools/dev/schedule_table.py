"""Prints the learning rate of every schedule per epoch: unpruned, pruned, and MMEngine alone.

python tools/dev/schedule_table.py
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / 'tests'))

from test_hooks.test_clock import EPOCHS, SCHEDULES
from toy import train

RUNS = {
    'unpruned': dict(pruner=dict(type='NoPruning')),
    'pruned': dict(pruner=dict(type='DynamicRandom')),
    'pruned, one step per iteration': dict(
        pruner=dict(type='DynamicRandom'), hook=dict(schedule='iteration')
    ),
}


def main() -> None:
    """Prints a Markdown table."""
    print(
        '| schedule | run | ' + ' | '.join(f'epoch {e}' for e in range(0, EPOCHS, 2)) + ' | end |'
    )
    print('|---|---|' + '---|' * (EPOCHS // 2 + 1))
    for name, schedule in SCHEDULES.items():
        for run, options in RUNS.items():
            with tempfile.TemporaryDirectory() as work_dir:
                runner, record, _ = train(
                    work_dir,
                    max_epochs=EPOCHS,
                    param_scheduler=[dict(scheduler) for scheduler in schedule],
                    **options,
                )
            length = len(record.lrs) // EPOCHS
            lrs = [*record.lrs[:: 2 * length], runner.optim_wrapper.get_lr()['lr'][0]]
            print(f'| {name} | {run} | ' + ' | '.join(f'{lr:.3e}' for lr in lrs) + ' |', flush=True)


if __name__ == '__main__':
    main()
