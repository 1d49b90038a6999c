"""Trains the toy model in several processes; test_processes.py starts it with torchrun."""

import json
import sys
from pathlib import Path

import gloo
import torch
from mmengine.evaluator import BaseMetric
from toy import ToyData, ToyModel, train


class Second(BaseMetric):
    """A metric whose second validation is the best."""

    number = 0

    def process(self, data_batch, data_samples) -> None:
        self.results.append(0)

    def compute_metrics(self, results) -> dict:
        self.number += 1
        return dict(distance=abs(self.number - 2))


def main(work_dir: str, options: str) -> None:
    torch.set_num_threads(1)
    # MMEngine's launcher needs a GPU, but it uses a group that exists already.
    torch.distributed.init_process_group('gloo')
    rank = torch.distributed.get_rank()
    options = json.loads(options)
    if 'val_interval' in options.get('train_cfg', {}):
        loader = dict(dataset=ToyData(4), sampler=dict(type='DefaultSampler'), batch_size=4)
        options.update(val_dataloader=loader, val_cfg=dict(), val_evaluator=[Second()])
    model = ToyModel(per_sample=rank in options.pop('ranks_with_sample_losses', []))
    runner, record, hook = train(
        work_dir,
        model=model,
        launcher='pytorch',
        experiment_name='toy',
        env_cfg=dict(dist_cfg=dict(backend='gloo')),
        cfg=dict(model_wrapper_cfg=dict(type='MMDistributedDataParallel', device_ids=None)),
        **options,
    )
    result = dict(
        batches=record.batches,
        losses=record.losses,
        lrs=record.lrs,
        scores=hook.sampler.scorer.scores,
        visits=hook.sampler.scorer.visits,
        weights=[parameter.detach() for parameter in runner.model.parameters()],
        savings={k: v for k, v in vars(hook.savings).items() if not k.endswith('seconds')},
        collectives=dict(COUNTS),
    )
    torch.save(result, Path(work_dir) / f'rank_{rank}.pth')


COUNTS = {}


def count(name: str) -> None:
    """Counts the calls of a collective."""
    collective = getattr(torch.distributed, name)

    def counted(*args, **kwargs):
        COUNTS[name] = COUNTS.get(name, 0) + 1
        return collective(*args, **kwargs)

    setattr(torch.distributed, name, counted)


if __name__ == '__main__':
    count('all_gather')
    main(*sys.argv[1:])
    gloo.leave()
