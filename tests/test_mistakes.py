"""Each wrong option raises one sentence that names the option, its value and what to do."""

import re

import numpy as np
import pytest
from messages import assert_one_sentence
from toy import build_runner

from bls_mm import BLSSampler, Planner, Pruner
from bls_mm.planning import MinFraction, Revisit
from bls_mm.pruners import (
    UCB,
    CoverageCentric,
    DynamicRandom,
    EpsilonGreedy,
    FewerPasses,
    InfoBatch,
    Kakurenbo,
    OrderDP,
    RePB,
    SelectiveBackprop,
    SeTa,
    StaticRandom,
)
from bls_mm.research import LossRecorder
from bls_mm.scorers import BatchLossScorer, ResidualScorer, SampleLossScorer

PRUNERS = (
    *(InfoBatch, SeTa, EpsilonGreedy, UCB, OrderDP, Kakurenbo, SelectiveBackprop),
    *(CoverageCentric, RePB),
    *(DynamicRandom, StaticRandom, FewerPasses),
)
RATIO = 'prune_ratio must be a fraction between 0 and 1, but got '

# What is called, with which options, and what the message must contain.
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
    (Planner, dict(pruner=InfoBatch(), delta=1.5), 'delta must be a fraction between 0 and'),
    (Planner, dict(pruner=SeTa(), delta=-1), 'between 0 and 1, but got -1'),
    (Planner, dict(pruner=UCB(), delta='late'), "between 0 and 1, but got 'late'"),
    (InfoBatch, dict(quantiles=(20, 85)), 'keep_ratios=None belong together; give both'),
    (InfoBatch, dict(keep_ratios=(0.5,)), 'quantiles=None and keep_ratios=(0.5,) belong together'),
    (InfoBatch, dict(quantiles=(85, 20), keep_ratios=(0.5, 0.5)), 'must be ascending percentiles'),
    (InfoBatch, dict(quantiles=(20, 120), keep_ratios=(0.5, 0.5)), 'between 0 and 100'),
    (InfoBatch, dict(quantiles=(20,), keep_ratios=(0.5, 0.5)), 'as many as keep_ratios'),
    (InfoBatch, dict(quantiles=(20,), keep_ratios=(0,)), 'keep_ratios must be above 0, but got 0'),
    (InfoBatch, dict(quantiles=(20,), keep_ratios=(1.5,)), 'keep_ratios must be a fraction'),
    (
        CoverageCentric,
        dict(num_strata=257),
        'num_strata must be an integer from 1 to 256, but got 257',
    ),
    (CoverageCentric, dict(hard_cutoff=1), 'hard_cutoff must be below 1, but got 1'),
    (SeTa, dict(num_groups=0), 'num_groups must be a positive integer, but got 0'),
    (SeTa, dict(num_groups=2.5), 'num_groups must be a positive integer, but got 2.5'),
    (SeTa, dict(window_scale=0), 'window_scale must be above 0, but got 0'),
    (SeTa, dict(window_scale=2), 'window_scale must be a fraction between 0 and 1, but got 2'),
    (SeTa, dict(window_rounding='floor'), "must be 'ceil' or 'round', but got 'floor'"),
    (EpsilonGreedy, dict(epsilon=2), 'epsilon must be a fraction between 0 and 1, but got 2'),
    (Planner, dict(pruner=EpsilonGreedy(), interval=0), 'a positive integer, but got 0'),
    (Planner, dict(pruner=UCB(), interval=1.5), 'interval must be a positive integer'),
    (UCB, dict(confidence=-1), 'confidence must be a number of at least 0, but got -1'),
    (UCB, dict(confidence='high'), "must be a number of at least 0, but got 'high'"),
    (UCB, dict(decay=1), 'decay must be below 1, but got 1'),
    (BatchLossScorer, dict(num_samples=0), 'num_samples must be a positive integer, but got 0'),
    (BatchLossScorer, dict(num_samples=4, alpha=1), 'alpha must be in [0, 1), but got 1'),
    (BatchLossScorer, dict(num_samples=4, alpha=-0.5), 'alpha must be in [0, 1), but got -0.5'),
    (BatchLossScorer, dict(num_samples=4, alpha='a'), "alpha must be in [0, 1), but got 'a'"),
    (BatchLossScorer, dict(num_samples=4, init='one'), "or 'zero', but got 'one'"),
    (ResidualScorer, dict(num_samples=4, noise=-1), 'noise must be a number of at least 0, but'),
    (ResidualScorer, dict(num_samples=4, memory='a'), "of at least 0, but got 'a'"),
    (ResidualScorer, dict(num_samples=4, per_sample=1.5), "True, False or 'auto', but got 1.5"),
    (LossRecorder, dict(num_measured=0), 'positive number of samples or None, but got 0'),
    (SampleLossScorer, dict(num_samples=2.0), 'num_samples must be a positive integer, but got 2'),
    (OrderDP, dict(pool=0), 'pool must be above 0, but got 0'),
    (OrderDP, dict(pool=75), 'pool must be a fraction between 0 and 1, but got 75'),
    (Kakurenbo, dict(factors=()), 'factors must be a list of fractions, but got ()'),
    (Kakurenbo, dict(factors=(1, 2)), 'factors must be a fraction between 0 and 1, but got 2'),
    (Kakurenbo, dict(hidden_for=0), 'hidden_for must be an integer from 1 to 254, but got 0'),
    (Revisit, dict(epochs=0), 'epochs must be an integer from 1 to 254, but got 0'),
    (Revisit, dict(epochs=255), 'epochs must be an integer from 1 to 254, but got 255'),
    (MinFraction, dict(of='word'), "of must be 'source' or 'class', but got 'word'"),
    (MinFraction, dict(fraction=20), 'fraction must be a fraction between 0 and 1, but got 20'),
    (Planner, dict(pruner=SeTa(), target_savings=30), 'target_savings must be a fraction'),
    (Planner, dict(pruner=SeTa(), target_savings=1), 'target_savings must be below 1'),
    (MinFraction, dict(fraction=-0.5), 'fraction must be a fraction between 0 and 1, but got -0.5'),
    (Planner, dict(pruner=SeTa(), guards='Revisit'), "a list, but got 'Revisit'; write for"),
    (BLSSampler, dict(dataset=[1], placement='x'), "replicated, shared, sharded, but got 'x'"),
    (BLSSampler, dict(dataset=[1], run_length=3), 'power of two from 1 to 65,536, but got 3'),
    (BLSSampler, dict(dataset=[1], run_length='a'), "from 1 to 65,536, but got 'a'"),
    (BLSSampler, dict(dataset=[1], seed=-1), 'seed must be an integer of at least 0, or None, but'),
    (BLSSampler, dict(dataset=[1], seed=1.5), 'or None, but got 1.5'),
    (BLSSampler, dict(dataset=[1], shuffle=1), 'shuffle must be True or False, but got 1'),
    (BLSSampler, dict(dataset=[1], round_up='no'), "round_up must be True or False, but got 'no'"),
    (BLSSampler, dict(dataset=[1], max_epochs=0), 'max_epochs must be a positive integer, but got'),
    (BLSSampler, dict(dataset=[]), 'dataset is empty; check ann_file, data_root and filter_cfg'),
]


@pytest.mark.parametrize(
    ('target', 'options', 'message'), OPTIONS, ids=[f'{t.__name__}-{m}' for t, _, m in OPTIONS]
)
def test_wrong_options(target, options, message):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        target(**options)
    assert_one_sentence(caught.value)


# Options of the sampler, and what the message must contain.
CONFIGS = [
    (dict(pruner=dict(type='Seta')), "pruner 'Seta' is not known; choose one of CoverageCentric, "),
    (dict(scorer=dict(type='SeTa')), "scorer 'SeTa' is not known; choose one of BatchLossScorer"),
    (dict(pruner='SeTa'), "pruner must be a dict with a 'type', or a Pruner, but got 'SeTa'"),
    (dict(pruner=None), "pruner must be a dict with a 'type', or a Pruner, but got None"),
    (dict(scorer=BatchLossScorer), "scorer must be a dict with a 'type', or a Scorer, but got"),
    (dict(pruner=dict(prune_ratio=0.5)), "pruner must be a dict with a 'type'"),
    (dict(pruner=dict(type='torch.nn.Identity')), 'is not a Pruner; name a class that inherits it'),
    (dict(pruner=dict(type='no.such.Pruner')), "pruner 'no.such.Pruner' cannot be imported"),
    (dict(pruner=dict(type='SeTa', ratio=0.1)), "pruner SeTa has no option 'ratio'; its options"),
    (dict(pruner=dict(type='NoPruning', ratio=1)), "NoPruning has no option 'ratio'; its options"),
    (
        dict(pruner=dict(type='bls_mm.research.ShuffledScores', pruner=1)),
        "pruner must be a dict with a 'type', or a Pruner, but got 1",
    ),
    (dict(pruner=dict(type='SeTa', guards=[dict(type='Visit')])), "guard 'Visit' is not known"),
    (dict(pruner=dict(type='SeTa', guards=['Revisit'])), "guard must be a dict with a 'type'"),
    (dict(scorer=dict(type='BatchLossScorer', a=1)), "has no option 'a'; its options are alpha"),
]


MASK = np.ones(9, dtype=bool)
RETURNED = [
    (MASK, 'with a bool mask of shape (9,); it returned an array of bool of shape (9,)'),
    (None, 'with a bool mask of shape (9,); it returned None'),
    ((np.arange(3), None), 'the mask that it returned is an array of int64 of shape (3,)'),
    ((MASK[:5], None), 'the mask that it returned is an array of bool of shape (5,)'),
    ((MASK, [1] * 9), 'a float array of shape (9,); the weights that it returned are a list'),
    ((MASK, np.ones(3)), 'the weights that it returned are an array of float64 of shape (3,)'),
]


@pytest.mark.parametrize(('returned', 'message'), RETURNED, ids=[m for _, m in RETURNED])
def test_wrong_results_of_a_custom_pruner(returned, message):
    class Own(Pruner):
        needs_scores = False

        def prune(self, scores, scored, rng, progress):
            return returned

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
    (dict(history_mb=True), 'history_mb must be a number of megabytes, at least 0, but got True'),
    (dict(reset_scores='yes'), "reset_scores must be True or False, but got 'yes'"),
]


@pytest.mark.parametrize(('options', 'message'), HOOKS, ids=[str(o) for o, _ in HOOKS])
def test_wrong_options_of_the_hook(tmp_path, options, message):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        build_runner(tmp_path, hook=options)
    assert_one_sentence(caught.value)


def test_number_of_mistakes():
    assert sum(map(len, (OPTIONS, CONFIGS, RETURNED, HOOKS))) >= 110
