"""The exchange at the end of an epoch over several processes, against the bare collective.

Each of R gloo processes has trained on 1/R of the samples in batches of 256. Measured on rank 0 in
turn: one ``all_gather`` of the same bytes (indices as int32, one float32 loss per batch), and
``exchange_batches``. Each number is the median of five after one to warm up. Scoring of the
exchanged batches is a separate number, the same for any R.
"""

import json
import statistics
import sys
import tempfile
import time
from functools import partial

from measure import interleave, parser, print_table, run_child, spread

BATCH_SIZE = 256


def on_rank(rank: int, world_size: int, num_samples: int, folder: str) -> None:
    import torch
    import torch.distributed as dist
    from mmengine.dist import all_gather

    from bls_mm.distributed.exchange import exchange_batches
    from bls_mm.distributed.score_store import PendingBatches, choose_round_size
    from bls_mm.scorers import BatchLossScorer

    torch.set_num_threads(1)
    dist.init_process_group(
        'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=world_size
    )
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(num_samples, generator=generator)[rank::world_size].tolist()
    pending = PendingBatches(num_samples)
    for start in range(0, len(order), BATCH_SIZE):
        pending.append(order[start : start + BATCH_SIZE], torch.tensor(1.0))
    seen = pending.drain()
    indices, losses = seen.indices.clone(), seen.losses.clone()
    del order
    scorer = BatchLossScorer(num_samples)
    results = []
    for _ in range(6):
        dist.barrier()
        start = time.perf_counter()
        all_gather(indices), all_gather(losses)
        bare = time.perf_counter() - start
        dist.barrier()
        start = time.perf_counter()
        rounds = list(exchange_batches(seen, False, choose_round_size(num_samples, world_size)))
        exchange = time.perf_counter() - start
        assert sum(len(batches.indices) for batches in rounds) == num_samples
        start = time.perf_counter()
        for batches in rounds:
            scorer.update_batches(*(part.numpy() for part in batches))
        scoring = time.perf_counter() - start
        del rounds
        results.append(dict(bare=bare, exchange=exchange, scoring=scoring))
    if rank == 0:
        after_first = {key: [result[key] for result in results[1:]] for key in results[0]}
        with open(f'{folder}/result.json', 'w') as file:
            json.dump({key: statistics.median(times) for key, times in after_first.items()}, file)
    dist.destroy_process_group()


def measure(world_size: int, num_samples: int) -> dict:
    import torch.multiprocessing as mp

    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(on_rank, (world_size, num_samples, folder), nprocs=world_size)
        with open(f'{folder}/result.json') as file:
            return json.load(file)


def main() -> None:
    options = parser(__doc__, repeats=5)
    options.add_argument('--samples', type=float, default=15e6)
    options.add_argument('--world-sizes', type=int, nargs='+', default=[1, 2, 4, 8])
    args = options.parse_args()
    if args.child:
        print(json.dumps(measure(*map(int, args.child))))
        return
    variants = {
        size: partial(run_child, sys.argv[0], size, int(args.samples)) for size in args.world_sizes
    }
    rows = []
    for size, runs in interleave(variants, args.repeats).items():
        ratio = [run['exchange'] / run['bare'] for run in runs]
        rows.append(
            [
                size,
                *(spread([run[key] for run in runs]) for key in ('bare', 'exchange')),
                f'{statistics.median(ratio):.2f}' if size > 1 else '',
                spread([run['scoring'] for run in runs]),
            ]
        )
    print_table(['processes', 'bare collective, s', 'exchange, s', 'ratio', 'scoring, s'], rows)


if __name__ == '__main__':
    main()
