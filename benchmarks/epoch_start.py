"""Time and memory from the end of an epoch to the first batch of the next, against MMEngine.

MMEngine's DefaultSampler: set_epoch and the first batch. BLSSampler: scoring of all losses of the
epoch (which wait until then if they are on an accelerator), the plan, and the first batch. Every
measurement is a fresh process. Seconds are CPU time, which depends little on other work on the
machine and which parallel work would not shorten. Memory is the growth of the process since the
imports, including scores and pending losses.
"""

import json
import statistics
import sys
import time
from functools import partial

from measure import (
    interleave,
    memory,
    parser,
    print_table,
    reset_peak_memory,
    run_child,
    spread,
    trim_memory,
)

BATCH_SIZE = 256
PRUNERS = [
    'SeTa',
    'InfoBatch',
    'NoPruning',
    'StaticRandom',
    'DynamicRandom',
    'EpsilonGreedy',
    'UCB',
    'SelectiveBackprop',
    'CoverageCentric',
]


def measure_default(num_samples: int) -> dict:
    from mmengine.dataset import DefaultSampler
    from torch.utils.data import BatchSampler

    before = memory('now')
    sampler = DefaultSampler(range(num_samples), seed=0)
    batches = BatchSampler(sampler, BATCH_SIZE, drop_last=False)
    reset_peak_memory()
    start = time.process_time()
    sampler.set_epoch(1)
    first = next(iter(batches))
    seconds = time.process_time() - start
    assert len(first) == BATCH_SIZE
    return dict(seconds=seconds, added=memory('peak') - before)


def measure_bls(pruner: str, num_samples: int) -> dict:
    import numpy as np
    import torch
    from torch.utils.data import BatchSampler

    from bls_mm import BLSSampler

    before = memory('now')
    sampler = BLSSampler(range(num_samples), pruner=dict(type=pruner), seed=0)
    batches = BatchSampler(sampler, BATCH_SIZE, drop_last=False)
    losses = np.random.default_rng(0).gamma(2, 1, len(batches)).astype(np.float32)
    sampler.set_epoch(0)
    num_kept = len(sampler)
    pending = sampler.state.store._pending  # update() appends losses on an accelerator to it
    for indices, loss in zip(batches, torch.from_numpy(losses)):
        pending.append(indices, loss)

    reset_peak_memory()
    start = time.process_time()
    sampler.sync()
    exchanged = time.process_time()
    overall_peak = memory('peak')
    trim_memory()
    at_rest = memory('now')
    reset_peak_memory()
    resumed = time.process_time()
    sampler.set_epoch(1)
    planned = time.process_time()
    first = next(iter(batches))
    end = time.process_time()
    planning_peak = memory('peak')
    assert len(first) == BATCH_SIZE
    assert int(sampler.scorer.visits.sum()) == num_kept
    return dict(
        seconds=exchanged - start + end - resumed,
        exchange=exchanged - start,
        plan=planned - resumed,
        first_batch=end - planned,
        added=max(overall_peak, planning_peak) - before,
        planning_peak=planning_peak - before,
        at_rest=at_rest - before,
    )


def main() -> None:
    options = parser(__doc__, repeats=5)
    options.add_argument('--samples', type=float, nargs='+', default=[1e6, 15e6, 100e6])
    options.add_argument('--pruners', nargs='+', default=PRUNERS, choices=PRUNERS)
    args = options.parse_args()
    if args.child:
        variant, num_samples = args.child[0], int(args.child[1])
        measure = partial(measure_bls, variant)
        if variant == 'DefaultSampler':
            measure = measure_default
        measure(10_000)  # what is loaded at first use belongs to no epoch
        print(json.dumps(measure(num_samples)))
        return
    for num_samples in map(int, args.samples):
        variants = {
            name: partial(run_child, sys.argv[0], name, num_samples)
            for name in ['DefaultSampler', *args.pruners]
        }
        results = interleave(variants, args.repeats)
        reference = {
            key: statistics.median(run[key] for run in results['DefaultSampler'])
            for key in ('seconds', 'added')
        }
        print(f'\n{num_samples:,} samples, {args.repeats} runs of each, median (least-most)\n')
        rows = []
        for name, runs in results.items():
            seconds = [run['seconds'] for run in runs]
            added = [run['added'] / 2**20 for run in runs]
            row = [
                name,
                spread(seconds),
                f'{statistics.median(seconds) / reference["seconds"]:.2f}',
                spread(added, 0),
                f'{statistics.median(added) * 2**20 / reference["added"]:.2f}',
            ]
            for key in ('exchange', 'plan', 'first_batch'):
                row.append(spread([run[key] for run in runs]) if key in runs[0] else '')
            for key in ('planning_peak', 'at_rest'):
                per_sample = [run[key] / num_samples for run in runs if key in run]
                row.append(spread(per_sample, 1) if per_sample else '')
            rows.append(row)
        print_table(
            [
                'sampler',
                'epoch start, s',
                'of Default',
                'added memory, MiB',
                'of Default',
                'exchange, s',
                'plan, s',
                'first batch, s',
                'planning peak, B/sample',
                'at rest, B/sample',
            ],
            rows,
        )


if __name__ == '__main__':
    main()
