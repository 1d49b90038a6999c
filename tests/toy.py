"""A tiny model and data set: a run takes about a second, and each sample has its own loss."""

from itertools import count
from pathlib import Path
from typing import Optional

import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

from bls_mm.scorers import BatchLossScorer, Scorer

COUNTER = count()  # MMEngine needs a different name for each run of a process


class ToyData(Dataset):
    """Sample i is the vector ``(i, 1) / N``."""

    metainfo = dict(name='toy')

    def __init__(self, length: int = 42) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict:
        return dict(inputs=torch.tensor([index, 1.0]) / self.length, data_samples=index)


class ToyModel(BaseModel):
    """Two loss components of a linear map.

    Args:
        per_sample (bool): Whether the losses are vectors over the batch. Defaults to False.
    """

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
    """Automatic mixed precision in bfloat16 on the CPU, which MMEngine's own wrapper rejects."""

    def optim_context(self, model):
        return torch.autocast('cpu', torch.bfloat16)


class Recorder(Hook):
    """An independent record of a run: samples, loss and learning rate of each iteration."""

    priority = 45  # before BLSHook

    def __init__(self) -> None:
        self.batches, self.losses, self.lrs = [], [], []

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
    """Builds a pruned run of the toy model; ``hook`` and ``sampler`` add options to BLS."""
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
        model=ToyModel() if model is None else model,
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


def build_plain_runner(work_dir, **options) -> Runner:
    """Builds the same run without BLS."""
    hooks = {'bls': dict(type='IterTimerHook'), **options.pop('default_hooks', {})}
    runner = build_runner(work_dir, default_hooks=hooks, **options)
    runner._train_dataloader['sampler'] = dict(type='DefaultSampler', shuffle=True)
    return runner


def train(work_dir, **options):
    """Builds a pruned run and trains it; returns the runner, an independent record, and BLSHook."""
    runner = build_runner(work_dir, **options)
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.train()
    return runner, recorder, find_hook(runner)


def find_hook(runner: Runner) -> Hook:
    return next(hook for hook in runner.hooks if type(hook).__name__ == 'BLSHook')


def replay(recorder: Recorder, scorer: Optional[Scorer] = None) -> Scorer:
    """Feeds recorded batches to a scorer, one by one. Defaults to a scorer of the toy data."""
    scorer = scorer or BatchLossScorer(42)
    for batch, loss in zip(recorder.batches, recorder.losses):
        scorer.update(batch, loss)
    return scorer


def assert_same_scores(actual: Scorer, expected: Scorer) -> None:
    torch.testing.assert_close(actual.scores, expected.scores)
    assert torch.equal(actual.visits, expected.visits)


def read_log(work_dir: Path) -> str:
    """Returns the log of the only run in a work dir."""
    (path,) = work_dir.glob('*/*.log')
    return path.read_text()
