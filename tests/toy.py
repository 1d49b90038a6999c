"""A model so small that a run takes a second, and whose losses tell samples apart."""

from itertools import count
from typing import Optional

import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

COUNTER = count()  # MMEngine wants every run of a process to have a name of its own


class ToyData(Dataset):
    """Sample i is the vector (i, 1) / N."""

    metainfo = dict(name='toy')

    def __init__(self, length: int = 42) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict:
        return dict(inputs=torch.tensor([index, 1.0]) / self.length, data_samples=index)


class ToyModel(BaseModel):
    """Two loss components of a linear map; with ``per_sample`` they come unreduced."""

    def __init__(self, per_sample: bool = False) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 3)
        self.per_sample = per_sample

    def init_weights(self) -> None:
        generator = torch.Generator().manual_seed(5)
        for parameter in self.parameters():
            parameter.data.copy_(torch.randn(parameter.shape, generator=generator))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        output = self.linear(torch.stack(list(inputs)))
        if mode != 'loss':
            return output
        square, distance = (output - 1).pow(2).mean(1), output.abs().mean(1)
        if not self.per_sample:
            square, distance = square.mean(), distance.mean()
        return dict(loss_square=square, loss_distance=[0.1 * distance], acc=torch.tensor(0.5))


@OPTIM_WRAPPERS.register_module()
class CpuAmpOptimWrapper(OptimWrapper):
    """Automatic mixed precision in bfloat16 on the CPU, which MMEngine's own refuses."""

    def optim_context(self, model):
        return torch.autocast('cpu', torch.bfloat16)


class Recorder(Hook):
    """Keeps a record of its own: which samples each iteration saw, what it minimised, and how."""

    priority = 45  # before the hook under test in every respect

    def __init__(self) -> None:
        self.batches, self.losses, self.lrs, self.gradients = [], [], [], []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.batches.append([int(i) for i in data_batch['data_samples']])
        self.lrs.append(runner.optim_wrapper.get_lr()['lr'][0])

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.losses.append(outputs['loss'].item())


def build_runner(
    work_dir,
    pruner: Optional[dict] = None,
    model: Optional[nn.Module] = None,
    max_epochs: int = 6,
    num: int = 42,
    batch_size: int = 4,
    num_workers: int = 0,
    sampler: Optional[dict] = None,
    hook: Optional[dict] = None,
    loader: Optional[dict] = None,
    **options,
) -> Runner:
    """Builds a pruned run of the toy model; ``hook`` and ``sampler`` add to the usual two lines."""
    name = options.pop('experiment_name', f'toy_{next(COUNTER)}')
    default_hooks = {
        'logger': dict(type='LoggerHook', interval=1000),
        'bls': dict(type='bls_mm.BLSHook', **(hook or {})),
        **options.pop('default_hooks', {}),
    }
    sampler = dict(
        type='bls_mm.BLSSampler', pruner=pruner or dict(type='InfoBatch'), **(sampler or {})
    )
    optim = options.pop('optim_wrapper', {})
    return Runner(
        model=model or ToyModel(),
        work_dir=str(work_dir),
        train_dataloader=dict(
            **{
                'dataset': ToyData(num),
                'batch_size': batch_size,
                'num_workers': num_workers,
                'sampler': sampler,
                **(loader or {}),
            }
        ),
        train_cfg=options.pop('train_cfg', dict(by_epoch=True, max_epochs=max_epochs)),
        optim_wrapper={'type': 'OptimWrapper', 'optimizer': dict(type='SGD', lr=0.01), **optim},
        default_hooks=default_hooks,
        randomness=dict(seed=0),
        experiment_name=name,
        log_level=options.pop('log_level', 'WARNING'),
        **options,
    )


def train(work_dir, **options):
    """Builds and trains; returns the runner, its separate record, and the hook."""
    runner = build_runner(work_dir, **options)
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.train()
    return runner, recorder, find_hook(runner)


def find_hook(runner: Runner) -> Hook:
    return next(hook for hook in runner.hooks if type(hook).__name__ == 'BLSHook')
