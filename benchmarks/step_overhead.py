"""What BLSHook adds to an iteration, against what MMEngine's own default hooks cost in it.

A run of MMEngine's Runner on a model of one weight, so that the hooks are what an iteration is made
of. Each hook's ``before_train_iter`` and ``after_train_iter`` are timed by a wrapper, and so is the
forward hook by which BLSHook reads the losses; what the wrapper itself takes is subtracted. The
run has two halves, to see whether the cost grows.
"""

import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from functools import partial

from measure import interleave, parser, print_table, run_child, spread

DEFAULT_HOOKS = {
    'RuntimeInfoHook',
    'IterTimerHook',
    'DistSamplerSeedHook',
    'LoggerHook',
    'ParamSchedulerHook',
    'CheckpointHook',
}


def timed(function, seconds: list):
    def call(*args, **kwargs):
        start = time.perf_counter()
        result = function(*args, **kwargs)
        seconds.append(time.perf_counter() - start)
        return result

    return call


def measure(batch_size: int, iterations: int) -> dict:
    import torch
    from mmengine.model import BaseModel
    from mmengine.runner import Runner
    from torch import nn
    from torch.utils.data import Dataset

    import bls_mm  # noqa: F401

    torch.set_num_threads(1)

    class Numbers(Dataset):
        def __len__(self):
            return batch_size * iterations

        def __getitem__(self, index):
            return dict(inputs=torch.tensor([1.0]))

    class OneWeight(BaseModel):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(1, 1)

        def forward(self, inputs, mode='tensor', **kwargs):
            return dict(loss=self.linear(torch.stack(list(inputs))).pow(2).mean())

    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(
            model=OneWeight(),
            work_dir=folder,
            train_dataloader=dict(
                dataset=Numbers(),
                batch_size=batch_size,
                num_workers=0,
                sampler=dict(
                    type='bls_mm.BLSSampler', pruner=dict(type='InfoBatch', prune_ratio=0.3)
                ),
            ),
            train_cfg=dict(by_epoch=True, max_epochs=3),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-3)),
            param_scheduler=[
                dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=iterations)
            ],
            default_hooks=dict(bls=dict(type='bls_mm.BLSHook')),
            log_level='ERROR',
        )
        calls = defaultdict(list)
        for hook in runner.hooks:
            name = type(hook).__name__
            for place in ('before_train_iter', 'after_train_iter'):
                setattr(hook, place, timed(getattr(hook, place), calls[name, place]))
        from bls_mm.hooks.loss_tap import LossTap

        listen = LossTap._listen
        seconds_of_tap = calls['BLSHook', 'forward hook']

        def timed_listen(self, *args):
            start = time.perf_counter()
            result = listen(self, *args)
            seconds_of_tap.append(time.perf_counter() - start)
            return result

        LossTap._listen = timed_listen
        runner.train()

    empty = []
    nothing = timed(lambda: None, empty)
    for _ in range(1000):
        nothing()
    own = statistics.mean(empty)
    halves = []
    num = len(calls['BLSHook', 'after_train_iter'])
    for half in (slice(num // 10, num // 2), slice(num // 2, None)):
        cost = defaultdict(float)
        for (name, _), seconds in calls.items():
            side = 'bls' if name == 'BLSHook' else 'default' if name in DEFAULT_HOOKS else 'other'
            cost[side] += statistics.mean(seconds[half]) - own
        halves.append(cost)
    return dict(
        default=1e6 * halves[1]['default'],
        bls=1e6 * halves[1]['bls'],
        bls_first_half=1e6 * halves[0]['bls'],
        places={
            place: 1e6 * statistics.mean(seconds)
            for (name, place), seconds in calls.items()
            if name == 'BLSHook'
        },
    )


def main() -> None:
    options = parser(__doc__, repeats=3)
    options.add_argument('--batch-sizes', type=int, nargs='+', default=[1, 16, 256, 1024])
    options.add_argument('--iterations', type=int, default=600, help='of a full epoch; 3 epochs')
    args = options.parse_args()
    if args.child:
        print('\n' + json.dumps(measure(*map(int, args.child))))
        return
    variants = {
        size: partial(run_child, sys.argv[0], size, args.iterations) for size in args.batch_sizes
    }
    rows = []
    for size, runs in interleave(variants, args.repeats).items():
        ratio = [run['bls'] / run['default'] for run in runs]
        rows.append(
            [
                size,
                *(spread([run[key] for run in runs], 0) for key in ('default', 'bls')),
                spread(ratio),
                spread([run['bls'] / run['bls_first_half'] for run in runs]),
                *(
                    spread([run['places'][place] for run in runs], 0)
                    for place in ('before_train_iter', 'forward hook', 'after_train_iter')
                ),
            ]
        )
    print_table(
        [
            'batch',
            'default hooks, us',
            'BLSHook, us',
            'ratio',
            'second half / first',
            'before, us',
            'forward, us',
            'after, us',
        ],
        rows,
    )


if __name__ == '__main__':
    main()
