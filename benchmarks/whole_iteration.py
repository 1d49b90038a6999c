"""Time that BLS adds to a whole iteration, compared with DefaultSampler and no BLSHook.

The run is that of step_overhead.py, without its wrappers: a model of one weight, so that hooks, the
sampler and the loader take most of an iteration. CPU time of the training thread, the median over
the iterations of a run; what a run adds is its difference to the run with DefaultSampler of the
same turn. The first epoch, which prunes nothing, does not count.

It uses the public interface only, so it can compare the present version with an earlier one:

    git worktree add ../version-0.1 80a241e
    python benchmarks/whole_iteration.py --versions . ../version-0.1
"""

import json
import os
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from measure import interleave, parser, print_table, run_child, spread
from step_overhead import build_runner


def measure(pruner: str, batch_size: int, iterations: int, epochs: int) -> dict:
    from mmengine.hooks import Hook

    class Stamps(Hook):
        """Records when each iteration begins."""

        priority = 0
        epochs = []

        def before_train_epoch(self, runner):
            self.epochs.append([])

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            self.epochs[-1].append(time.thread_time())

    with tempfile.TemporaryDirectory() as folder:
        runner = build_runner(folder, pruner, batch_size, iterations, epochs)
        runner.register_hook(Stamps())
        runner.train()
    seconds = [end - start for epoch in Stamps.epochs[1:] for start, end in zip(epoch, epoch[1:])]
    return dict(iteration=1e6 * statistics.median(seconds))


def main() -> None:
    options = parser(__doc__, repeats=5)
    options.add_argument('--batch-sizes', type=int, nargs='+', default=[16])
    options.add_argument('--pruners', nargs='+', default=['SeTa', 'InfoBatch'])
    options.add_argument('--versions', nargs='+', default=['.'], help='folders with a bls_mm')
    options.add_argument('--iterations', type=int, default=300, help='of a full epoch')
    options.add_argument('--epochs', type=int, default=8)
    args = options.parse_args()
    if args.child:
        pruner, *numbers = args.child
        print('\n' + json.dumps(measure(pruner, *map(int, numbers))))
        return

    def run(version: str, pruner: str, batch_size: int) -> dict:
        environment = dict(os.environ, PYTHONPATH=str(Path(version).resolve()))
        numbers = batch_size, args.iterations, args.epochs
        return run_child(sys.argv[0], pruner, *numbers, environment=environment)

    rows = []
    for size in args.batch_sizes:
        pairs = [(version, pruner) for pruner in args.pruners for version in args.versions]
        variants = {pair: partial(run, *pair, size) for pair in [('.', 'DefaultSampler'), *pairs]}
        results = interleave(variants, args.repeats)
        plain, *_ = results.values()
        for version, pruner in pairs:
            runs = results[version, pruner]
            added = [one['iteration'] - other['iteration'] for one, other in zip(runs, plain)]
            whole = [spread([one['iteration'] for one in each], 0) for each in (plain, runs)]
            rows.append([size, pruner, Path(version).resolve().name, *whole, spread(added, 0)])
    head = ['batch', 'pruner', 'version', 'DefaultSampler, us', 'with BLS, us', 'added, us']
    print_table(head, rows)


if __name__ == '__main__':
    main()
