"""Each run that BLS cannot prune raises one sentence before the first iteration ends."""

import inspect
import re

import numpy as np
import pytest
import torch
from messages import assert_one_sentence
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import EpochBasedTrainLoop
from torch.optim import SGD
from torch.utils.data import DataLoader
from toy import ToyData, ToyModel, build_runner
from validation_loops import SeveralValidations

from bls_mm import BLSSampler
from bls_mm.hooks import bls_hook, checks


def without_sampler(runner):
    runner._train_dataloader['sampler'] = dict(type='DefaultSampler', shuffle=True)


class BareBatches:
    """A batch sampler without ``batch_size`` and ``drop_last``."""

    def __init__(self, sampler, batch_size):
        self.sampler, self.size = sampler, batch_size

    def __len__(self):
        return len(self.sampler) // self.size

    def __iter__(self):
        return zip(*[iter(self.sampler)] * self.size)


class OwnOrder(BareBatches):
    """A batch sampler that ignores which samples its sampler yields."""

    drop_last = False

    def __init__(self, sampler, batch_size):
        self.sampler, self.batch_size = sampler, batch_size
        self.batches = [list(range(i, i + batch_size)) for i in range(0, 40, batch_size)]

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        return iter(self.batches)


class SeveralLoaders(EpochBasedTrainLoop):
    """A loop of batches from several loaders, as MMDetection's MultiSourceTrainLoop is."""

    def __init__(self, runner, dataloader, max_epochs):
        super().__init__(runner, dataloader, max_epochs)
        self.dataloaders = [self.dataloader, runner.build_dataloader(dataloader)]


def with_a_loop_of_several_loaders(runner):
    runner._train_loop = dict(type=SeveralLoaders, max_epochs=2)


class LoaderDict(EpochBasedTrainLoop):
    """A loop with a dict of loaders."""

    def __init__(self, runner, dataloader, max_epochs):
        super().__init__(runner, dataloader, max_epochs)
        self.loaders = dict(images=self.dataloader, texts=runner.build_dataloader(dataloader))


def with_a_dict_of_loaders(runner):
    runner._train_loop = dict(type=LoaderDict, max_epochs=2)


def with_a_pruned_validation_among_others(runner):
    plain = dict(dataset=ToyData(4), batch_size=4, sampler=dict(type='DefaultSampler'))
    runner._val_loop = SeveralValidations(runner, [plain, runner._train_dataloader])


def with_a_batch_sampler_of_its_own_order(runner):
    runner._train_dataloader['batch_sampler'] = dict(type=OwnOrder)


def with_a_bare_batch_sampler(runner):
    runner._train_dataloader['batch_sampler'] = dict(type=BareBatches)


def without_batches(runner):
    runner._train_dataloader['batch_size'] = None


def with_a_second_hook(runner):
    runner.register_hook(dict(type='BLSHook'))


def with_two_optimizers(runner):
    halves = runner.model.linear.weight, runner.model.linear.bias
    wrappers = {str(i): OptimWrapper(SGD([half], lr=0.1)) for i, half in enumerate(halves)}
    runner.optim_wrapper = OptimWrapperDict(**wrappers)


def with_a_sharding_strategy(runner):
    runner.strategy = type('FSDPStrategy', (), {})()


class FullyShardedDataParallel(ToyModel):
    """Stands in for the wrapper, which needs processes."""


def with_a_sharded_model(runner):
    runner.model = FullyShardedDataParallel()
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)


def with_batches_out_of_order(runner):
    if 'in_order' not in inspect.signature(DataLoader.__init__).parameters:
        pytest.skip('this version of PyTorch has no in_order')
    runner._train_dataloader['in_order'] = False


def with_no_full_batch(runner):
    runner._train_dataloader.update(batch_size=100, drop_last=True)


def with_a_pruned_validation(runner):
    runner._val_dataloader = runner._train_dataloader
    runner._val_loop, runner._val_evaluator = dict(), []


def with_some_inputs_repeated(runner):
    def repeat(samples):
        return dict(inputs=[s['inputs'] for s in samples + samples[:1]], data_samples=[0] * 5)

    runner._train_dataloader['collate_fn'] = repeat


RUNS = [
    (without_sampler, 'BLSHook needs a BLSSampler, but train_dataloader has none; add train_data'),
    (with_a_bare_batch_sampler, 'the batch sampler BareBatches has no batch_size, which BLSHook'),
    (without_batches, 'BLSHook needs batches, but train_dataloader has batch_size=None; give'),
    (with_a_second_hook, 'the config has 2 BLSHooks, and each would score every batch; leave one'),
    (with_two_optimizers, 'does not work with several optim_wrappers: no single loss is'),
    (with_a_sharding_strategy, 'does not work with FSDPStrategy, which shards the model; use DDP'),
    (with_batches_out_of_order, 'train_dataloader has in_order=False, but scores are matched'),
    (
        with_no_full_batch,
        'an epoch has no batch: the 42 samples of a rank are fewer than batch_size',
    ),
    (with_a_pruned_validation, 'val_dataloader has a BLSSampler, but validation needs all samples'),
    (
        with_some_inputs_repeated,
        'a batch of 5 inputs came back for 4 samples, so some samples count more than others',
    ),
    (with_a_pruned_validation_among_others, 'val_dataloader has a BLSSampler, but validation'),
    (with_a_dict_of_loaders, 'does not work with LoaderDict, which trains on batches of several'),
    (with_a_loop_of_several_loaders, 'does not work with SeveralLoaders, which trains on'),
    (with_a_batch_sampler_of_its_own_order, 'the length of the batch sampler OwnOrder does not'),
    (with_a_sharded_model, 'does not work with FullyShardedDataParallel, which shards the model'),
]


@pytest.mark.parametrize(('change', 'message'), RUNS, ids=[change.__name__ for change, _ in RUNS])
def test_runs_that_cannot_be_pruned(tmp_path, change, message):
    runner = build_runner(tmp_path)
    change(runner)
    before = [parameter.clone() for parameter in runner.model.parameters()]
    runner.model.init_weights = lambda: None
    with pytest.raises((TypeError, ValueError), match=re.escape(message)) as caught:
        runner.train()
    assert_one_sentence(caught.value)
    for one, other in zip(before, runner.model.parameters()):
        assert torch.equal(one, other)  # not one step was taken


class NoDict(ToyModel):
    def forward(self, *args, **kwargs):
        return torch.tensor(1.0, requires_grad=True)


class NoLoss(ToyModel):
    def forward(self, *args, **kwargs):
        return dict(score=torch.tensor(1.0))

    def parse_losses(self, losses):
        return self.linear.weight.sum(), dict(loss=torch.tensor(1.0))


FIRST_ITERATIONS = [
    (dict(model=NoDict), "NoDict returned Tensor in mode='loss'; BLSHook needs the dict of losses"),
    (dict(model=NoLoss), "the model returned score: no name contains 'loss'; name the components"),
    (
        dict(model=ToyModel, hook=dict(components=dict(loss_mask=1.0))),
        "components names 'loss_mask', but the model returns loss_square, loss_distance, acc",
    ),
    (
        dict(model=ToyModel, sampler=dict(scorer=dict(type='SampleLossScorer'))),
        "the loss 'loss_square' has shape (), but a scorer of true sample losses needs (4,)",
    ),
]


@pytest.mark.parametrize(('options', 'message'), FIRST_ITERATIONS, ids=lambda o: str(o)[:40])
def test_mistakes_that_the_first_iteration_shows(tmp_path, options, message):
    options = dict(options)
    runner = build_runner(tmp_path, model=options.pop('model')(), **options)
    with pytest.raises(Exception, match=re.escape(message)) as caught:
        runner.train()
    assert_one_sentence(caught.value)
    assert runner.iter == 0


def test_good_inputs_raise_nothing(tmp_path):
    bls_hook.check_hook_options(dict(loss=1), 'progress', False)
    checks.check_batch_size(dict(inputs=[1, 2]), 2)
    views = [torch.zeros(5, 3, 2, 2), torch.zeros(5, 3, 2, 2)]
    checks.check_batch_size(dict(inputs=views, data_samples=[0] * 5), 5)
    checks.check_batch_size(np.zeros(3), 2)
    assert len(BLSSampler(ToyData(5))) == 5
