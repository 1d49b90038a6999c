"""Reads an LMDB of word images in the order of an epoch, with a page cache that is too small.

Writes a database with the keys of text recognition data sets (``image-000000001``, ``label-...``)
and random bytes of the size of word images, and reads part of an epoch from it as MMOCR does. The
orders are: as stored, that of DefaultSampler, and those of BLSSampler, which prunes 30 %, with
several values of ``run_length``. A memory cgroup (version 1, needs root) limits the page cache of
the reader to an eighth of the file. The cache starts empty; the first block of 65,536 samples fills
it, and only later blocks count. Time depends on disk and load; bytes read from disk and major
faults do not.
"""

import json
import os
import resource
import shutil
import sys
import time
from functools import partial
from itertools import islice
from pathlib import Path

from measure import interleave, parser, print_table, run_child, spread

CGROUP = Path('/sys/fs/cgroup/memory')
MEAN_BYTES = 1300  # of a word image in the LMDB of MJ+ST that is commonly shared
BLOCK = 1 << 16
PRUNE_RATIO = 0.3


def write_database(path: Path, num_samples: int) -> None:
    """Writes images of 300 to 2300 bytes, in ascending order of their keys."""
    import lmdb
    import numpy as np

    rng = np.random.default_rng(0)
    noise = rng.bytes(1 << 20)
    sizes = rng.integers(300, 2 * MEAN_BYTES - 300, num_samples)
    starts = rng.integers(0, len(noise) - 2 * MEAN_BYTES, num_samples)
    with lmdb.open(str(path), map_size=num_samples * MEAN_BYTES * 2 + (1 << 24)) as env:
        for first in range(0, num_samples, 100_000):
            with env.begin(write=True) as transaction:
                for index in range(first, min(first + 100_000, num_samples)):
                    image = noise[starts[index] : starts[index] + sizes[index]]
                    transaction.put(b'image-%09d' % (index + 1), image, append=True)
        with env.begin(write=True) as transaction:
            for index in range(num_samples):
                transaction.put(b'label-%09d' % (index + 1), b'a word', append=True)


def order_of(name: str, num_samples: int):
    """Yields the samples of an epoch in an order."""
    import numpy as np

    if name == 'stored':
        return iter(range(num_samples))
    if name == 'DefaultSampler':
        from mmengine.dataset import DefaultSampler

        return iter(DefaultSampler(range(num_samples), seed=0))
    from bls_mm.planning import Planner
    from bls_mm.pruners import DynamicRandom
    from bls_mm.samplers.order import random_order

    rng = np.random.default_rng(0)
    visits = np.ones(num_samples, dtype=np.uint8)
    scores = np.zeros(num_samples, dtype=np.float32)
    plan = Planner(DynamicRandom(PRUNE_RATIO)).plan(scores, visits, 1, None, rng)
    blocks = random_order(plan.mask, rng, run_length=int(name.rpartition(' ')[2]))
    return (index for block in blocks for index in block.tolist())


def limit_page_cache(num_bytes: int) -> Path:
    """Puts this process into a cgroup that limits the memory of the pages that it reads."""
    group = CGROUP / f'lmdb_order_{os.getpid()}'
    group.mkdir()
    (group / 'memory.limit_in_bytes').write_text(str(num_bytes))
    (group / 'tasks').write_text(str(os.getpid()))
    return group


def disk_bytes() -> int:
    for line in Path('/proc/self/io').read_text().splitlines():
        if line.startswith('read_bytes'):
            return int(line.split()[1])
    raise OSError('this system has no read_bytes in /proc/self/io; use Linux')


def read(path: Path, name: str, readahead: bool) -> dict:
    import lmdb
    import numpy as np

    samples = np.load(path / f'{name}.npy').tolist()
    file = path / 'data.mdb'
    with file.open('rb') as handle:
        os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    group = limit_page_cache(file.stat().st_size // 8)
    env = lmdb.open(str(path), readonly=True, lock=False, readahead=readahead, meminit=False)
    checksum = 0
    for number, index in enumerate(samples):
        if number == BLOCK:
            before = disk_bytes(), resource.getrusage(resource.RUSAGE_SELF).ru_majflt
            start = time.perf_counter()
        with env.begin() as transaction:
            image = transaction.get(b'image-%09d' % (index + 1))
            label = transaction.get(b'label-%09d' % (index + 1))
            checksum += image[0] + image[-1] + label[0]
    seconds = time.perf_counter() - start
    count = len(samples) - BLOCK
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_majflt - before[1]
    result = dict(
        microseconds=1e6 * seconds / count,
        read=(disk_bytes() - before[0]) / count,
        faults=faults / count,
    )
    env.close()
    (CGROUP / 'tasks').write_text(str(os.getpid()))
    group.rmdir()
    return result


def main() -> None:
    options = parser(__doc__, repeats=3)
    options.add_argument('--samples', type=float, default=1e6)
    options.add_argument('--blocks', type=int, default=1, help='blocks of 65,536 that count')
    options.add_argument('--run-lengths', type=int, nargs='+', default=[16, 64, 256])
    options.add_argument('--readahead', type=int, nargs='+', default=[0, 1], help="lmdb's option")
    options.add_argument('--folder', default='work_dirs/lmdb_order', help='where the file goes')
    args = options.parse_args()
    path = Path(args.folder)
    num_samples = int(args.samples)
    if args.child:
        print(json.dumps(read(path, args.child[0], args.child[1] == '1')))
        return
    if not os.access(CGROUP, os.W_OK):
        sys.exit(
            f'{CGROUP} is not writable; run as root on a system with memory cgroups of version 1'
        )
    import numpy as np

    path.mkdir(parents=True)
    try:
        write_database(path, num_samples)
        size = (path / 'data.mdb').stat().st_size
        print(f'{num_samples:,} samples, {size / 1e9:.2f} GB, cache of {size / 8e6:.0f} MB\n')
        names = ['stored', 'DefaultSampler', *(f'BLSSampler {n}' for n in [1, *args.run_lengths])]
        for name in names:
            samples = islice(order_of(name, num_samples), BLOCK * (args.blocks + 1))
            np.save(path / f'{name}.npy', np.fromiter(samples, dtype=np.int64))
        variants = {
            (name, readahead): partial(
                run_child, sys.argv[0], name, readahead, '--folder', args.folder
            )
            for readahead in args.readahead
            for name in names
        }
        results = interleave(variants, args.repeats)
    finally:
        shutil.rmtree(path)
    print_table(
        [
            'order',
            'readahead',
            'us per sample',
            'KiB from disk per sample',
            'major faults per sample',
        ],
        [
            [
                name,
                'yes' if readahead else 'no',
                spread([run['microseconds'] for run in runs], 0),
                spread([run['read'] / 1024 for run in runs], 1),
                spread([run['faults'] for run in runs], 2),
            ]
            for (name, readahead), runs in results.items()
        ],
    )


if __name__ == '__main__':
    main()
