"""Fraction of training time that pruning saves, per fraction of samples that it prunes.

Trains MMPretrain's ResNet-18 with MMEngine's Runner on images in memory, on all samples and on a
known fraction (``DynamicRandom``), in new processes and in turn. The first epoch warms up and does
not count.
"""

import json
import statistics
import sys
import tempfile
import time
from functools import partial

from measure import interleave, parser, print_table, run_child, spread


def measure(prune_ratio: float, num_samples: int, size: int, epochs: int) -> dict:
    import mmpretrain.models  # noqa: F401
    import torch
    from mmengine.hooks import Hook
    from mmengine.runner import Runner
    from mmpretrain.structures import DataSample
    from torch.utils.data import Dataset

    import bls_mm  # noqa: F401

    torch.set_num_threads(1)
    images = torch.randint(256, (num_samples, 3, size, size), dtype=torch.uint8)

    class Images(Dataset):
        metainfo = dict(classes=[str(i) for i in range(10)])

        def __len__(self):
            return num_samples

        def __getitem__(self, index):
            return dict(inputs=images[index], data_samples=DataSample().set_gt_label(index % 10))

    class Clock(Hook):
        priority = 'VERY_HIGH'
        seconds, samples = [], []

        def before_train_epoch(self, runner):
            self.start = time.perf_counter()
            self.samples.append(0)

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            self.samples[-1] += len(data_batch['inputs'])

    class EndOfEpoch(Hook):
        priority = 'VERY_LOW'  # so that the work of all other hooks counts

        def after_train_epoch(self, runner):
            clock.seconds.append(time.perf_counter() - clock.start)

    clock = Clock()
    sampler = dict(type='DefaultSampler', shuffle=True)
    hooks = {}
    if prune_ratio:
        pruner = dict(type='DynamicRandom', prune_ratio=prune_ratio)
        sampler = dict(type='bls_mm.BLSSampler', pruner=pruner)
        hooks = dict(bls=dict(type='bls_mm.BLSHook'))
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(
            model=dict(
                type='mmpretrain.ImageClassifier',
                backbone=dict(type='ResNet', depth=18, num_stages=4, out_indices=(3,)),
                neck=dict(type='GlobalAveragePooling'),
                head=dict(type='LinearClsHead', num_classes=10, in_channels=512),
                data_preprocessor=dict(mean=[127.5] * 3, std=[127.5] * 3),
            ),
            work_dir=folder,
            train_dataloader=dict(
                dataset=Images(),
                batch_size=32,
                num_workers=0,
                sampler=sampler,
                collate_fn=dict(type='default_collate'),
            ),
            train_cfg=dict(by_epoch=True, max_epochs=epochs),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-2)),
            param_scheduler=[
                dict(type='CosineAnnealingLR', by_epoch=False, T_max=epochs * (num_samples // 32))
            ],
            default_hooks=dict(checkpoint=None, **hooks),
            default_scope='mmpretrain',
            log_level='ERROR',
        )
        runner.register_hook(clock)
        runner.register_hook(EndOfEpoch())
        runner.train()
    return dict(seconds=sum(clock.seconds[1:]), samples=sum(clock.samples[1:]))


def main() -> None:
    options = parser(__doc__, repeats=5)
    options.add_argument('--prune-ratio', type=float, default=0.5)
    options.add_argument('--samples', type=int, default=640)
    options.add_argument('--size', type=int, default=64, help='height and width of the images')
    options.add_argument('--epochs', type=int, default=3)
    args = options.parse_args()
    if args.child:
        ratio, *numbers = args.child
        print('\n' + json.dumps(measure(float(ratio), *map(int, numbers))))
        return
    shape = (args.samples, args.size, args.epochs)
    full, pruned = interleave(
        {
            'full': partial(run_child, sys.argv[0], 0, *shape),
            'pruned': partial(run_child, sys.argv[0], args.prune_ratio, *shape),
        },
        args.repeats,
    ).values()
    seconds, samples = (
        [1 - p[key] / f[key] for f, p in zip(full, pruned)] for key in ('seconds', 'samples')
    )
    ratios = [of_time / of_samples for of_time, of_samples in zip(seconds, samples)]
    print_table(
        ['full, s', 'pruned, s', 'samples pruned', 'seconds saved', 'saved / pruned'],
        [
            [
                spread([f['seconds'] for f in full]),
                spread([p['seconds'] for p in pruned]),
                f'{statistics.median(samples):.3f}',
                spread(seconds, 3),
                spread(ratios, 3),
            ]
        ],
    )


if __name__ == '__main__':
    main()
