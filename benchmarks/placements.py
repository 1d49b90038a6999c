"""An epoch of many samples over several processes, for each placement of scores.

Each of R gloo processes on this machine has trained on 1/R of all samples in batches of 256. All
ranks start together and the slowest one counts. Measured are the sync with all scoring, the plan of
the next epoch, its first batch, its whole order, and gathering the state for a checkpoint. Seconds
are wall time, and processor time, which depends little on other work on the machine. Memory is the
proportional set size (each process counts its part of memory that several map), without that of the
imports. Bytes are those that a rank passes to collectives: to sum over the ranks, and to send to
rank 0.
"""

import json
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Callable

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
PLACEMENTS = ['sharded', 'shared', 'replicated']
PARTS = ['sync', 'plan', 'first_batch', 'order', 'gather']


def proportional_memory() -> int:
    """Returns the bytes of this process; shared bytes are divided by the number of processes."""
    for line in Path('/proc/self/smaps_rollup').read_text().splitlines():
        if line.startswith('Pss:'):
            return int(line.split()[1]) * 1024
    raise OSError('this system has no proportional set size in /proc/self/smaps_rollup; use Linux')


def count_bytes(counts: dict) -> None:
    """Counts the bytes that sharded scores pass to collectives, and the seconds in sums."""
    import bls_mm.distributed.sharded as sharded

    def count(name: str, collective: Callable) -> Callable:
        def counted(tensor):
            start = time.perf_counter()
            result = collective(tensor)
            counts[name] = counts.get(name, 0) + tensor.numel() * tensor.element_size()
            counts[f'{name}_s'] = counts.get(f'{name}_s', 0) + time.perf_counter() - start
            return result

        return counted

    sharded.all_reduce = count('all_reduce', sharded.all_reduce)
    sharded.gather = count('gather', sharded.gather)


def collect_epoch(sampler) -> None:
    """Collects the losses of an epoch, as the training steps do."""
    import torch

    from bls_mm.samplers.epoch_order import deal

    losses = torch.rand(1 << 16, generator=torch.Generator().manual_seed(sampler.rank)) + 1
    pending = sampler.state.store._pending  # update() appends losses on an accelerator to it
    readers, number = sampler.state.placement.readers, 0
    rank = sampler.rank % readers
    for block in deal(lambda: sampler.order.blocks(sampler.state), rank, readers, len(sampler)):
        for start in range(0, len(block), BATCH_SIZE):
            pending.append(block[start : start + BATCH_SIZE], losses[number % len(losses)])
            number += 1


def order_all(sampler) -> None:
    """Computes the order of the whole epoch."""
    for block in sampler.order.blocks(sampler.state):
        sampler.state.placement.samples_at(block)


def on_rank(
    rank: int,
    world_size: int,
    num_samples: int,
    placement: str,
    pruner: str,
    plans: int,
    folder: str,
) -> None:
    import torch
    import torch.distributed as dist

    from bls_mm import BLSSampler

    torch.set_num_threads(1)
    dist.init_process_group(
        'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=world_size
    )
    counts: dict = {}
    count_bytes(counts)
    result: dict = {part: [] for part in PARTS}

    def timed(part, work):
        dist.barrier()
        start, busy = time.perf_counter(), time.process_time()
        work()
        seconds = torch.tensor([time.perf_counter() - start, time.process_time() - busy])
        dist.all_reduce(seconds, dist.ReduceOp.MAX)
        result[part].append(seconds.tolist())

    before = proportional_memory()
    sampler = BLSSampler(range(num_samples), pruner=dict(type=pruner), seed=0, placement=placement)
    sampler.set_epoch(0)
    collect_epoch(sampler)
    result['pending'] = proportional_memory() - before
    resident = memory('now')
    reset_peak_memory()
    timed('sync', sampler.sync)
    result['sync_peak'] = result['pending'] + memory('peak') - resident
    trim_memory()
    dist.barrier()
    result['at_rest'] = proportional_memory() - before
    counts.clear()
    resident = memory('now')
    reset_peak_memory()
    for epoch in range(1, plans + 1):
        timed('plan', partial(sampler.set_epoch, epoch))
    result['plan_peak'] = result['at_rest'] + memory('peak') - resident
    result['summed'] = counts.pop('all_reduce', 0) / plans
    result['summing'] = counts.pop('all_reduce_s', 0) / plans
    timed('first_batch', lambda: next(iter(sampler)))
    timed('order', lambda: order_all(sampler))
    resident = memory('now')
    reset_peak_memory()
    timed('gather', sampler.gather_state)
    result['gather_peak'] = memory('peak') - resident
    result['gathered'] = counts.get('gather', 0)
    result['kept'] = sampler.kept_fraction
    Path(f'{folder}/rank_{rank}.json').write_text(json.dumps(result))
    dist.destroy_process_group()


def measure(world_size: int, num_samples: int, placement: str, pruner: str, plans: int) -> dict:
    import torch.multiprocessing as mp

    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(
            on_rank, (world_size, num_samples, placement, pruner, plans, folder), nprocs=world_size
        )
        ranks = [
            json.loads(Path(f'{folder}/rank_{rank}.json').read_text()) for rank in range(world_size)
        ]
    result = dict(ranks[0])
    for key in ('pending', 'sync_peak', 'at_rest', 'plan_peak'):
        result[key] = sum(rank[key] for rank in ranks) / world_size
    result['gathered'] = sum(rank['gathered'] for rank in ranks[1:])
    result['kept'] = ranks[0]['kept']
    return result


def main() -> None:
    options = parser(__doc__, repeats=1)
    options.add_argument('--samples', type=float, nargs='+', default=[20e6, 200e6])
    options.add_argument('--ranks', type=int, default=4)
    options.add_argument('--placements', nargs='+', default=['sharded'], choices=PLACEMENTS)
    options.add_argument('--pruners', nargs='+', default=['SeTa', 'InfoBatch'])
    options.add_argument('--plans', type=int, default=3, help='epochs to plan in each run')
    args = options.parse_args()
    if args.child:
        world_size, num_samples, placement, pruner, plans = args.child
        print(json.dumps(measure(int(world_size), int(num_samples), placement, pruner, int(plans))))
        return
    variants = {
        (int(samples), pruner, placement): partial(
            run_child, sys.argv[0], args.ranks, int(samples), placement, pruner, args.plans
        )
        for samples in args.samples
        for pruner in args.pruners
        for placement in args.placements
    }
    print(
        f'\n{args.ranks} processes; seconds of the slowest rank, bytes and MiB of the mean rank\n'
    )
    times, sizes = [], []
    for (num_samples, pruner, placement), runs in interleave(variants, args.repeats).items():
        name = [f'{num_samples:,}', pruner, placement]
        for number, kind in enumerate(('clock', 'processor')):
            seconds = [[s[number] for run in runs for s in run[part]] for part in PARTS]
            times.append([*name, kind, *map(spread, seconds)])
        keys = ('pending', 'sync_peak', 'at_rest', 'plan_peak')
        mebibytes = [statistics.median(run[key] for run in runs) / 2**20 for key in keys]
        row = [*name, *(f'{value:.0f}' for value in mebibytes)]
        row.append(f'{mebibytes[2] * 2**20 * args.ranks / num_samples:.2f}')
        row.append(f'{statistics.median(run["gather_peak"] for run in runs) / 2**20:.0f}')
        row.append(f'{statistics.median(run["summed"] for run in runs):,.0f}')
        row.append(spread([run['summing'] for run in runs], 3))
        row.append(f'{statistics.median(run["gathered"] for run in runs) / 1e6:.1f}')
        row.append(f'{statistics.median(run["kept"] for run in runs):.3f}')
        sizes.append(row)
    head = ['samples', 'pruner', 'placement']
    print_table([*head, 'seconds of', *(part.replace('_', ' ') + ', s' for part in PARTS)], times)
    print()
    memory_head = ['pending losses, MiB', 'sync peak', 'at rest', 'plan peak']
    memory_head += ['at rest, all ranks, B/sample', 'added by gathering on rank 0, MiB']
    wire_head = ['summed for a plan, B', 'seconds in sums', 'gathered, MB', 'kept']
    print_table([*head, *memory_head, *wire_head], sizes)


if __name__ == '__main__':
    main()
