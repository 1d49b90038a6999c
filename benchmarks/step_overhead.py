"""Time that BLSHook adds to an iteration, compared with MMEngine's own default hooks.

A run of MMEngine's Runner with a model of one weight, so that hooks take most of an iteration. All
times are CPU time of the training thread, which does not depend on other work on the machine.
Wrappers time ``before_train_iter`` and ``after_train_iter`` of each hook, and the parts of BLSHook
around the model's ``train_step`` and ``forward``. Work for many iterations at once is divided by
their number: tracking of the samples of batches, and scoring at the end of an epoch. The time of
the wrappers is subtracted. It is measured with an empty hook and an empty method of the same run,
because a separate loop would run from the CPU cache and take less time.

What the loader, the backward pass and calls of ``len(loader)`` cost is not in these times; see
whole_iteration.py.

All epochs but the first prune alike, so the last of them shows whether the cost grows.
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
PLACES = (
    'tracking',
    'before_train_iter',
    'train_step',
    'forward',
    'after_train_iter',
    'end_of_epoch',
)


def timed(function, seconds: list):
    def call(*args, **kwargs):
        start = time.thread_time()
        result = function(*args, **kwargs)
        seconds.append(time.thread_time() - start)
        return result

    return call


def build_runner(folder: str, pruner: str, batch_size: int, iterations: int, epochs: int):
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

        # Each does its work inside a method that adds nothing, whose time is that of a wrapper.
        def train_step(self, data, optim_wrapper):
            return self.empty_train_step(super().train_step, data, optim_wrapper)

        def forward(self, inputs, mode='tensor', **kwargs):
            return self.empty_forward(self.loss, inputs)

        def empty_train_step(self, original, *args, **kwargs):
            return original(*args, **kwargs)

        def empty_forward(self, original, *args, **kwargs):
            return original(*args, **kwargs)

        def loss(self, inputs):
            return dict(loss=self.linear(torch.stack(list(inputs))).pow(2).mean())

    sampler, hooks = dict(type='DefaultSampler', shuffle=True), {}
    if pruner != 'DefaultSampler':
        sampler = dict(type='bls_mm.BLSSampler', pruner=dict(type=pruner, delta=1.0))
        hooks = dict(bls=dict(type='bls_mm.BLSHook'))
    return Runner(
        model=OneWeight(),
        work_dir=folder,
        train_dataloader=dict(
            dataset=Numbers(), batch_size=batch_size, num_workers=0, sampler=sampler
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-3)),
        param_scheduler=[dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=iterations)],
        default_hooks=hooks,
        log_level='ERROR',
    )


def time_hooks(runner) -> dict:
    """Wraps all hooks of a runner; returns the seconds of each call by (hook, place)."""
    import bls_mm.data.tracked_batch_sampler as tracking
    from bls_mm.hooks.loss_tap import LossTap
    from bls_mm.hooks.pruned_run import PrunedRun

    calls = defaultdict(list)
    for hook in runner.hooks:
        name = type(hook).__name__
        for place in 'before_train_iter', 'after_train_iter':
            setattr(hook, place, timed(getattr(hook, place), calls[name, place]))
    for owner, name, place in (
        (PrunedRun, 'score_and_gather', 'end_of_epoch'),
        (tracking, 'track', 'tracking'),
    ):
        setattr(owner, name, timed(getattr(owner, name), calls['BLSHook', place]))
    model = type(runner.model)
    for name, place in (('_train_step', 'train_step'), ('_call_forward', 'forward')):
        setattr(LossTap, name, timed_without(getattr(LossTap, name), calls['BLSHook', place]))
        empty = f'empty_{place}'
        setattr(model, empty, timed_without(getattr(model, empty), calls['nothing', place]))
    return calls


def timed_without(call, seconds: list):
    """Times a method that calls an original one, without the time of the original."""

    def wrapper(self, original, *args, **kwargs):
        inner = []
        start = time.thread_time()
        result = call(self, timed(original, inner), *args, **kwargs)
        seconds.append(time.thread_time() - start - sum(inner))
        return result

    return wrapper


def measure(pruner: str, batch_size: int, iterations: int, epochs: int) -> dict:
    from mmengine.hooks import Hook

    class Lengths(Hook):
        """Counts the iterations of each epoch."""

        epochs = []

        def before_train_epoch(self, runner):
            self.epochs.append(0)

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            self.epochs[-1] += 1

    class Nothing(Hook):
        pass

    with tempfile.TemporaryDirectory() as folder:
        runner = build_runner(folder, pruner, batch_size, iterations, epochs)
        runner.register_hook(Nothing())
        calls = time_hooks(runner)
        runner.register_hook(Lengths())
        runner.train()

    lengths = Lengths.epochs
    # The cost of timing itself.
    own = defaultdict(lambda: statistics.mean(calls['Nothing', 'after_train_iter']))
    for place in 'train_step', 'forward':
        own[place] = statistics.mean(calls['nothing', place])
    ends = [sum(lengths[: epoch + 1]) for epoch in range(epochs)]

    def cost(hooks: set, places, epoch: int) -> float:
        """Microseconds in an iteration of an epoch."""
        part = slice(ends[epoch - 1], ends[epoch])
        seconds = 0.0
        for hook, place in list(calls):
            if hook in hooks and place in places:
                durations = calls[hook, place]
                if place == 'tracking':
                    seconds += sum(durations) / ends[-1]
                elif place == 'end_of_epoch':
                    seconds += durations[epoch] / lengths[epoch]
                else:
                    seconds += statistics.mean(durations[part]) - own[place]
        return 1e6 * seconds

    bls = [cost({'BLSHook'}, PLACES, epoch) for epoch in range(1, epochs)]
    default = [cost(DEFAULT_HOOKS, PLACES, epoch) for epoch in range(1, epochs)]
    return dict(
        default=statistics.median(default),
        bls=statistics.median(bls),
        growth=bls[-1] / bls[0],
        **{
            place: statistics.median(cost({'BLSHook'}, {place}, e) for e in range(1, epochs))
            for place in PLACES
        },
    )


def main() -> None:
    options = parser(__doc__, repeats=3)
    options.add_argument('--batch-sizes', type=int, nargs='+', default=[1, 16, 256, 1024])
    options.add_argument('--pruners', nargs='+', default=['SeTa', 'InfoBatch'])
    options.add_argument('--iterations', type=int, default=300, help='of a full epoch')
    options.add_argument('--epochs', type=int, default=11)
    args = options.parse_args()
    if args.child:
        pruner, *numbers = args.child
        print('\n' + json.dumps(measure(pruner, *map(int, numbers))))
        return
    variants = {
        (size, pruner): partial(run_child, sys.argv[0], pruner, size, args.iterations, args.epochs)
        for size in args.batch_sizes
        for pruner in args.pruners
    }
    results = interleave(variants, args.repeats)
    rows = []
    for (size, pruner), runs in results.items():
        rows.append(
            [
                size,
                pruner,
                *(spread([run[key] for run in runs], 0) for key in ('default', 'bls')),
                spread([run['bls'] / run['default'] for run in runs]),
                *(spread([run[key] for run in runs], 0) for key in PLACES),
                spread([run['growth'] for run in runs]),
            ]
        )
    print_table(
        [
            'batch',
            'pruner',
            'default hooks, us',
            'BLSHook, us',
            'ratio',
            *(f'{place.replace("_", " ")}, us' for place in PLACES),
            'last epoch / first',
        ],
        rows,
    )


if __name__ == '__main__':
    main()
