"""One process of a torture run: trains the toy model, and dies at the requested place."""

import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import gloo
import torch
from mmengine.fileio import LocalBackend
from mmengine.hooks import Hook
from toy import build_runner, find_hook

from bls_mm.samplers import find_sampler

SCENARIOS = {
    'epochs': dict(max_epochs=6, checkpoint=dict(interval=1)),
    'within epochs': dict(max_epochs=6, checkpoint=dict(by_epoch=False, interval=5)),
    'iterations': dict(
        train_cfg=dict(by_epoch=False, max_iters=60, val_interval=1000),
        checkpoint=dict(by_epoch=False, interval=7),
    ),
    'accumulation': dict(
        max_epochs=6,
        checkpoint=dict(by_epoch=False, interval=5),
        optim_wrapper=dict(accumulative_counts=4),
    ),
    'mixed precision': dict(
        max_epochs=6,
        checkpoint=dict(by_epoch=False, interval=5),
        optim_wrapper=dict(type='CpuAmpOptimWrapper'),
    ),
    'two processes': dict(max_epochs=5, checkpoint=dict(by_epoch=False, interval=4), processes=2),
}
PLACES = 'iteration', 'planning', 'saving', 'any time'


class Trace(Hook):
    """Writes samples, learning rate and loss of each iteration."""

    priority = 85

    def __init__(self, path: Path) -> None:
        self.file = path.open('a')

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        line = dict(
            iteration=runner.iter,
            batch=[int(i) for i in data_batch['data_samples']],
            lr=runner.optim_wrapper.get_lr()['lr'][0],
            loss=outputs['loss'].item(),
        )
        self.file.write(json.dumps(line) + '\n')
        self.file.flush()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DieInIteration(Hook):
    """Dies before or after a random iteration; slows all of them, so that timers hit one."""

    def __init__(self, rng: random.Random, dies: bool) -> None:
        self.left = rng.randint(1, 40) if dies else float('inf')
        self.before = rng.random() < 0.5

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.left -= 1
        if self.before and self.left <= 0:
            die()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        time.sleep(0.01)
        if self.left <= 0:
            die()


def die_while_planning(planner, rng: random.Random) -> None:
    """Makes the process die while it plans a random epoch."""
    plan, left = planner.plan, [rng.randint(1, 6)]

    def plan_or_die(*args, **kwargs):
        epoch_plan = plan(*args, **kwargs)
        left[0] -= 1
        return epoch_plan if left[0] else die()

    planner.plan = plan_or_die


def die_while_saving(rng: random.Random) -> None:
    """Makes the process die when half of a random checkpoint is written."""
    put, left = LocalBackend.put, [rng.randint(1, 6)]

    def put_half(self, obj, filepath):
        left[0] -= 1
        if left[0]:
            return put(self, obj, filepath)
        put(self, obj[: len(obj) // 2], filepath)
        return die()

    LocalBackend.put = put_half


def arrange_death(runner, place: str) -> None:
    """Makes this process end without warning, at a random moment of a kind."""
    rng = random.Random()
    runner.register_hook(DieInIteration(rng, dies=place == 'iteration'))
    if place == 'any time':
        timer = threading.Timer(rng.uniform(0.05, 1.5), die)
        timer.daemon = True
        timer.start()
    elif place == 'planning':
        die_while_planning(find_sampler(runner.train_dataloader).planner, rng)
    elif place == 'saving':
        die_while_saving(rng)


def main(scenario: str, work_dir: str, place: str, seed: str) -> None:
    torch.set_num_threads(1)
    options = dict(SCENARIOS[scenario])
    rank = 0
    if options.pop('processes', 1) > 1:
        torch.distributed.init_process_group('gloo')
        rank = torch.distributed.get_rank()
        options.update(
            launcher='pytorch',
            env_cfg=dict(dist_cfg=dict(backend='gloo')),
            cfg=dict(model_wrapper_cfg=dict(type='MMDistributedDataParallel', device_ids=None)),
        )
    checkpoint = dict(type='CheckpointHook', **options.pop('checkpoint'))
    runner = build_runner(
        work_dir,
        num_workers=int(seed) % 3,
        pruner=dict(type=['InfoBatch', 'SeTa', 'UCB'][int(seed) // 3 % 3]),
        param_scheduler=[dict(type='CosineAnnealingLR', by_epoch=False, T_max=66)],
        default_hooks=dict(checkpoint=checkpoint),
        experiment_name='torture',
        resume=True,
        **options,
    )
    runner.register_hook(Trace(Path(work_dir) / f'trace_{rank}.jsonl'))
    if rank == 0 and place != 'nowhere':
        arrange_death(runner, place)
    runner.train()
    hook = find_hook(runner)
    result = dict(
        weights=[parameter.detach() for parameter in runner.model.parameters()],
        scores=hook.sampler.scorer.scores,
        visits=hook.sampler.scorer.visits,
        plan=torch.from_numpy(hook.sampler.plan.indices.astype('int64')),
        savings={k: v for k, v in vars(hook.savings).items() if not k.endswith('seconds')},
    )
    torch.save(result, Path(work_dir) / f'result_{rank}.pth')


if __name__ == '__main__':
    main(*sys.argv[1:])
    gloo.leave()
