"""A catalogue of wrong inputs: each gives one sentence that names option, value and remedy."""

import re

import numpy as np
import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch.optim import SGD
from toy import ToyData, ToyModel, build_runner

import bls_mm.hooks.checks as checks
from bls_mm import BLSSampler
from bls_mm.analysis import LossRecorder
from bls_mm.pruners import (
    UCB,
    CoverageCentric,
    DynamicRandom,
    EpsilonGreedy,
    FewerPasses,
    InfoBatch,
    Kakurenbo,
    MinShare,
    OrderDP,
    Pruner,
    Revisit,
    SelectiveBackprop,
    SeTa,
    StaticRandom,
    SteeredPruner,
)
from bls_mm.scorers import BatchLossScorer, ResidualScorer, SampleLossScorer

PRUNERS = (
    *(InfoBatch, SeTa, EpsilonGreedy, UCB, OrderDP, Kakurenbo, SelectiveBackprop),
    CoverageCentric,
    *(DynamicRandom, StaticRandom, FewerPasses),
)
RATIO = 'prune_ratio must be a share between 0 and 1, but got '

# what is called, with which options, and what the sentence must say
OPTIONS = [
    *[
        (pruner, dict(prune_ratio=value), RATIO + repr(value))
        for pruner in PRUNERS
        for value in (-0.1, '0.3')
    ],
    (InfoBatch, dict(prune_ratio=1), 'prune_ratio must be below 1, but got 1'),
    (InfoBatch, dict(prune_ratio=30), RATIO + '30'),
    (InfoBatch, dict(prune_ratio=True), RATIO + 'True'),
    (InfoBatch, dict(prune_ratio=None), RATIO + 'None'),
    (InfoBatch, dict(delta=1.5), 'delta must be a share between 0 and 1, but got 1.5'),
    (SeTa, dict(delta=-1), 'delta must be a share between 0 and 1, but got -1'),
    (UCB, dict(delta='late'), "delta must be a share between 0 and 1, but got 'late'"),
    (InfoBatch, dict(quantiles=(20, 85)), 'keep_ratios=None belong together; give both'),
    (InfoBatch, dict(keep_ratios=(0.5,)), 'quantiles=None and keep_ratios=(0.5,) belong together'),
    (InfoBatch, dict(quantiles=(85, 20), keep_ratios=(0.5, 0.5)), 'must be ascending percentiles'),
    (InfoBatch, dict(quantiles=(20, 120), keep_ratios=(0.5, 0.5)), 'between 0 and 100'),
    (InfoBatch, dict(quantiles=(20,), keep_ratios=(0.5, 0.5)), 'as many as keep_ratios'),
    (InfoBatch, dict(quantiles=(20,), keep_ratios=(0,)), 'shares in (0, 1], but got 0'),
    (InfoBatch, dict(quantiles=(20,), keep_ratios=(1.5,)), 'shares in (0, 1], but got 1.5'),
    (
        CoverageCentric,
        dict(num_strata=257),
        'num_strata must be an integer from 1 to 256, but got 257',
    ),
    (CoverageCentric, dict(hard_cutoff=1), 'hard_cutoff must be below 1, but got 1'),
    (SeTa, dict(num_groups=0), 'num_groups must be a positive integer, but got 0'),
    (SeTa, dict(num_groups=2.5), 'num_groups must be a positive integer, but got 2.5'),
    (SeTa, dict(window_scale=0), 'window_scale must be above 0, but got 0'),
    (SeTa, dict(window_scale=2), 'window_scale must be a share between 0 and 1, but got 2'),
    (SeTa, dict(window_rounding='floor'), "must be 'ceil' or 'round', got 'floor'"),
    (EpsilonGreedy, dict(epsilon=2), 'epsilon must be a share between 0 and 1, but got 2'),
    (EpsilonGreedy, dict(interval=0), 'interval must be a positive number of epochs, but got 0'),
    (UCB, dict(interval=1.5), 'interval must be a positive number of epochs, but got 1.5'),
    (UCB, dict(confidence=-1), 'confidence must be at least 0, but got -1'),
    (UCB, dict(confidence='high'), "confidence must be at least 0, but got 'high'"),
    (UCB, dict(decay=1), 'decay must be below 1, but got 1'),
    (BatchLossScorer, dict(num_samples=0), 'num_samples must be a positive integer, but got 0'),
    (BatchLossScorer, dict(num_samples=4, alpha=1), 'alpha must be in [0, 1), but got 1'),
    (BatchLossScorer, dict(num_samples=4, alpha=-0.5), 'alpha must be in [0, 1), but got -0.5'),
    (BatchLossScorer, dict(num_samples=4, alpha='a'), "alpha must be in [0, 1), but got 'a'"),
    (BatchLossScorer, dict(num_samples=4, init='one'), "or 'zero', but got 'one'"),
    (ResidualScorer, dict(num_samples=4, noise=-1), 'noise must be a number of at least 0, but'),
    (ResidualScorer, dict(num_samples=4, memory='a'), "of at least 0, but got 'a'"),
    (ResidualScorer, dict(num_samples=4, per_sample=1.5), "True, False or 'auto', but got 1.5"),
    (LossRecorder, dict(num_measured=0), 'a positive number of samples or None, got 0'),
    (SampleLossScorer, dict(num_samples=2.0), 'num_samples must be a positive integer, but got 2'),
    (OrderDP, dict(pool=0), 'pool must be above 0, but got 0: no sample would stay'),
    (OrderDP, dict(pool=75), 'pool must be a share between 0 and 1, but got 75'),
    (Kakurenbo, dict(factors=()), 'factors must be a list of shares, but got ()'),
    (Kakurenbo, dict(factors=(1, 2)), 'factors must be a share between 0 and 1, but got 2'),
    (Kakurenbo, dict(hidden_for=0), 'hidden_for must be an integer from 1 to 254, got 0'),
    (Revisit, dict(epochs=0), 'epochs must be an integer from 1 to 254, got 0'),
    (Revisit, dict(epochs=255), 'epochs must be an integer from 1 to 254, got 255'),
    (MinShare, dict(of='word'), "of must be 'source' or 'class', but got 'word'"),
    (MinShare, dict(share=20), 'share must be a share between 0 and 1, but got 20'),
    (SteeredPruner, dict(pruner=SeTa(), target_savings=30), 'target_savings must be a share'),
    (SteeredPruner, dict(pruner=SeTa(), target_savings=1), 'target_savings must be below 1'),
    (SteeredPruner, dict(pruner=SeTa(), placebo=1), 'placebo must be True or False, but got 1'),
    (SteeredPruner, dict(pruner=SeTa(), guards='Revisit'), "a list, but got 'Revisit'; write for"),
    (BLSSampler, dict(dataset=[1], layout='x'), "one of replicated, shared, sharded, but got 'x'"),
    (BLSSampler, dict(dataset=[1], run_length=3), 'power of two from 1 to 65,536, but got 3'),
    (BLSSampler, dict(dataset=[1], run_length='a'), "from 1 to 65,536, but got 'a'"),
    (BLSSampler, dict(dataset=[1], seed=-1), 'seed must be a whole number, at least 0, or None'),
    (BLSSampler, dict(dataset=[1], seed=1.5), 'or None, but got 1.5'),
    (BLSSampler, dict(dataset=[]), 'dataset is empty; check ann_file, data_root and filter_cfg'),
]


@pytest.mark.parametrize(
    ('target', 'options', 'message'), OPTIONS, ids=[f'{t.__name__}-{m}' for t, _, m in OPTIONS]
)
def test_wrong_options(target, options, message):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        target(**options)
    assert_one_sentence(caught.value)


# what stands in the sampler's config, and what the sentence must say
CONFIGS = [
    (dict(pruner=dict(type='Seta')), "pruner 'Seta' is not known; choose one of CoverageCentric, "),
    (dict(scorer=dict(type='SeTa')), "scorer 'SeTa' is not known; choose one of BatchLossScorer"),
    (dict(pruner='SeTa'), "pruner must be a dict with a 'type', or a Pruner, but got 'SeTa'"),
    (dict(pruner=None), "pruner must be a dict with a 'type', or a Pruner, but got None"),
    (dict(scorer=BatchLossScorer), "scorer must be a dict with a 'type', or a Scorer, but got"),
    (dict(pruner=dict(prune_ratio=0.5)), "pruner must be a dict with a 'type'"),
    (dict(pruner=dict(type='torch.nn.Identity')), 'is no Pruner; name a class that inherits it'),
    (dict(pruner=dict(type='no.such.Pruner')), "pruner 'no.such.Pruner' cannot be imported"),
    (dict(pruner=dict(type='SeTa', ratio=0.1)), "pruner SeTa has no option 'ratio'; its options"),
    (dict(pruner=dict(type='NoPruning', delta=1)), "NoPruning has no option 'delta'"),
    (dict(pruner=dict(type='SeTa', guards=[dict(type='Visit')])), "guard 'Visit' is not known"),
    (dict(pruner=dict(type='SeTa', guards=['Revisit'])), "guard must be a dict with a 'type'"),
    (dict(scorer=dict(type='BatchLossScorer', a=1)), "has no option 'a'; its options are alpha"),
]


RETURNED = [
    (lambda n: np.ones(n, dtype=bool), 'of shape (9,), and their weights or None; it returned an'),
    (lambda n: None, 'their weights or None; it returned None'),
    (lambda n: (np.arange(3), None), 'it returned an array of int64 of shape (3,) in the first'),
    (lambda n: (np.ones(5, dtype=bool), None), 'it returned an array of bool of shape (5,) in the'),
    (lambda n: (np.ones(n, dtype=bool), [1] * n), 'of shape (9,) as weights; it returned a list'),
    (lambda n: (np.ones(n, dtype=bool), np.ones(3)), 'it returned an array of float64 of shape (3'),
]


@pytest.mark.parametrize(('returned', 'message'), RETURNED, ids=[m for _, m in RETURNED])
def test_what_a_pruner_of_ones_own_must_not_return(returned, message):
    class Own(Pruner):
        needs_scores = False

        def prune(self, scores, scored, epoch, rng):
            return returned(len(scores))

    with pytest.raises(TypeError, match=re.escape(message)) as caught:
        BLSSampler(range(9), pruner=Own()).set_epoch(0)
    assert_one_sentence(caught.value)


@pytest.mark.parametrize(('options', 'message'), CONFIGS, ids=[str(o) for o, _ in CONFIGS])
def test_wrong_configs_of_the_sampler(options, message):
    with pytest.raises((TypeError, KeyError), match=re.escape(message)) as caught:
        BLSSampler(range(4), **options)
    assert_one_sentence(caught.value)


HOOKS = [
    (dict(schedule='step'), "schedule must be one of ('progress', 'iteration'), but got 'step'"),
    (dict(schedule=None), 'but got None'),
    (dict(components=['loss']), "a dict of loss names and weights, but got ['loss']; write for"),
    (dict(components={}), 'a dict of loss names and weights, but got {}'),
    (dict(components=dict(loss='1')), "a dict of loss names and weights, but got {'loss': '1'}"),
    (dict(components=dict(loss=float('nan'))), "but got {'loss': nan}"),
    (dict(history_mb=-1), 'history_mb must be a number of megabytes, at least 0, but got -1'),
    (dict(unbiased_weights=1), 'unbiased_weights must be True or False, but got 1'),
    (dict(reset_scores='yes'), "reset_scores must be True or False, but got 'yes'"),
]


@pytest.mark.parametrize(('options', 'message'), HOOKS, ids=[str(o) for o, _ in HOOKS])
def test_wrong_options_of_the_hook(tmp_path, options, message):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        build_runner(tmp_path, hook=options)
    assert_one_sentence(caught.value)


def without_sampler(runner):
    runner._train_dataloader['sampler'] = dict(type='DefaultSampler', shuffle=True)


class BareBatches:
    """A batch sampler that tells nothing of itself."""

    def __init__(self, sampler, batch_size):
        self.sampler, self.size = sampler, batch_size

    def __len__(self):
        return len(self.sampler) // self.size

    def __iter__(self):
        return zip(*[iter(self.sampler)] * self.size)


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


def with_batches_out_of_order(runner):
    runner._train_dataloader['in_order'] = False


def with_no_full_batch(runner):
    runner._train_dataloader.update(batch_size=100, drop_last=True)


def with_a_pruned_validation(runner):
    runner._val_dataloader = runner._train_dataloader
    runner._val_loop, runner._val_evaluator = dict(), []


def with_repeated_inputs(runner):
    def repeat(samples):
        return dict(inputs=[s['inputs'] for s in samples * 2], data_samples=[0] * 8)

    runner._train_dataloader['collate_fn'] = repeat


RUNS = [
    (without_sampler, 'BLSHook needs a BLSSampler, but train_dataloader has none; add train_data'),
    (with_a_bare_batch_sampler, 'the batch sampler BareBatches has no batch_size, which BLSHook'),
    (without_batches, 'BLSHook needs batches, but train_dataloader has batch_size=None; give'),
    (with_a_second_hook, 'the config has 2 BLSHooks, and each would score every batch; leave one'),
    (with_two_optimizers, 'does not work with several optim_wrappers: there is no one loss'),
    (with_a_sharding_strategy, 'does not work with FSDPStrategy, which shards the model; use DDP'),
    (with_batches_out_of_order, 'train_dataloader has in_order=False, but scores are matched'),
    (
        with_no_full_batch,
        'an epoch has no batch: the 42 samples of a rank are fewer than batch_size',
    ),
    (with_a_pruned_validation, 'val_dataloader has a BLSSampler, but what judges the model must'),
    (
        with_repeated_inputs,
        '8 inputs came back where 4 samples were handed out; BLS needs one input',
    ),
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


class NoForward(ToyModel):
    def train_step(self, data, optim_wrapper):
        return dict(loss=torch.tensor(1.0))


class NoLoss(ToyModel):
    def forward(self, *args, **kwargs):
        return dict(score=torch.tensor(1.0))

    def parse_losses(self, losses):
        return self.linear.weight.sum(), dict(loss=torch.tensor(1.0))


FIRST_ITERATIONS = [
    (dict(model=NoDict), "NoDict returned Tensor in mode='loss'; BLSHook needs the dict of losses"),
    (dict(model=NoForward), "forward was not called with mode='loss' in this iteration"),
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
def test_what_only_the_first_iteration_can_show(tmp_path, options, message):
    options = dict(options)
    runner = build_runner(tmp_path, model=options.pop('model')(), **options)
    with pytest.raises(Exception, match=re.escape(message)) as caught:
        runner.train()
    assert_one_sentence(caught.value)
    assert runner.iter == 0


def assert_one_sentence(error):
    text = error.args[0]
    assert '\n' not in text
    assert len(text) < 330


def test_the_catalogue_is_long_enough():
    assert sum(map(len, (OPTIONS, CONFIGS, HOOKS, RUNS, FIRST_ITERATIONS))) >= 50


def test_good_inputs_raise_nothing(tmp_path):
    checks.check_components(dict(loss=1))
    checks.check_batch_size(dict(inputs=[1, 2]), 2)
    views = [torch.zeros(5, 3, 2, 2), torch.zeros(5, 3, 2, 2)]
    checks.check_batch_size(dict(inputs=views, data_samples=[0] * 5), 5)
    checks.check_batch_size(np.zeros(3), 2)
    assert len(BLSSampler(ToyData(5))) == 5
