import inspect
import json

import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from toy import (
    ToyData,
    ToyModel,
    assert_same_scores,
    build_runner,
    find_hook,
    read_log,
    replay,
    train,
)

from bls_mm.hooks import BLSHook
from bls_mm.samplers.options import HOOK_OPTIONS
from bls_mm.scorers import SampleLossScorer


@pytest.mark.parametrize('num_workers', [0, 2])
@pytest.mark.parametrize('pruner', ['InfoBatch', 'SeTa', 'DynamicRandom'])
def test_scores_equal_a_replay_of_an_independent_record(tmp_path, num_workers, pruner):
    _, recorder, hook = train(tmp_path, num_workers=num_workers, pruner=dict(type=pruner))
    scorer = replay(recorder)
    assert_same_scores(hook.sampler.scorer, scorer)
    assert len(set(scorer.scores.tolist())) > 5


def test_scores_are_right_with_persistent_workers_and_prefetching(tmp_path):
    loader = dict(persistent_workers=True, prefetch_factor=4, drop_last=True)
    _, recorder, hook = train(tmp_path, num_workers=3, loader=loader)
    assert_same_scores(hook.sampler.scorer, replay(recorder))


def test_sample_losses_reach_their_samples(tmp_path):
    runner, _, hook = train(
        tmp_path,
        model=ToyModel(per_sample=True),
        max_epochs=1,
        sampler=dict(scorer=dict(type='SampleLossScorer')),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.0)),
    )
    dataset = runner.train_dataloader.dataset
    losses = runner.model([dataset[i]['inputs'] for i in range(42)], mode='loss')
    expected = SampleLossScorer(42)
    expected.update(range(42), losses['loss_square'] + losses['loss_distance'][0])
    torch.testing.assert_close(hook.sampler.scorer.scores, expected.scores)


def test_components_choose_the_losses_of_the_score(tmp_path):
    _, recorder, hook = train(tmp_path, hook=dict(components=dict(acc=2.0)))
    assert hook.sampler.scorer.scores.unique().tolist() == [1.0]
    assert len(set(recorder.losses)) > 1


def test_savings_are_counted_and_written(tmp_path):
    _, recorder, hook = train(tmp_path, max_epochs=6, pruner=dict(type='SeTa', delta=1.0))
    summary = json.loads((tmp_path / 'bls_summary.json').read_text())
    assert summary['samples_seen'] == sum(map(len, recorder.batches))
    assert summary['iterations'] == len(recorder.batches)
    assert summary['samples_unpruned'] == 6 * 42
    assert summary['iterations_unpruned'] == 6 * 11
    assert summary['pruned'] == pytest.approx(1 - summary['samples_seen'] / 252)
    assert 0 < summary['pruned'] < 1
    assert summary['planning_seconds'] + summary['scoring_seconds'] < summary['training_seconds']
    assert summary['unscored_batches'] == 0
    assert hook.savings.epochs == 6


def test_message_hub_gets_the_numbers_of_each_epoch(tmp_path):
    runner, _, _ = train(tmp_path, max_epochs=8)
    kept = runner.message_hub.get_scalar('bls/kept_ratio')._log_history
    assert len(kept) == 8
    assert kept[0] == kept[-1] == 1
    assert all(0 < fraction < 1 for fraction in kept[1:-1])
    weights = runner.message_hub.get_scalar('bls/mean_weight')._log_history
    assert weights[0] == 1 < weights[1]


def test_log_contains_what_each_epoch_keeps(tmp_path):
    train(tmp_path, log_level='INFO')
    log = read_log(tmp_path)
    assert 'BLS: epoch 1 keeps 42 of 42 samples (0.0% pruned), mean weight 1.00' in log
    assert log.count('BLS: epoch') == 6
    assert 'BLS: trained on' in log


@pytest.mark.parametrize('guards', [[], [dict(type='Revisit', epochs=1)]])
def test_log_warns_only_of_missed_target_savings(tmp_path, guards):
    pruner = dict(type='InfoBatch', target_savings=0.6, guards=guards)
    _, _, hook = train(tmp_path, max_epochs=12, pruner=pruner, log_level='INFO')
    missed = abs(hook.savings.pruned - 0.6) > 0.01
    assert missed == bool(guards)  # the guard brings back all samples that an epoch left out
    assert missed == ('target_savings=0.6 asked for 60.0% pruned, but' in read_log(tmp_path))


def test_model_is_as_before_after_the_run(tmp_path):
    model = ToyModel()
    before = vars(model).keys()
    runner, _, hook = train(tmp_path, model=model)
    assert runner.model is model
    assert vars(model).keys() == before
    assert not model._forward_hooks
    assert hook.sampler.scorer.visits.min() > 0


class Count(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results.append(len(data_samples))

    def compute_metrics(self, results):
        return dict(count=sum(results))


EVALUATION = dict(dataset=ToyData(), sampler=dict(type='DefaultSampler'), batch_size=4)


def test_runs_that_only_test_do_not_change(tmp_path):
    runner = build_runner(
        tmp_path, test_dataloader=EVALUATION, test_cfg=dict(), test_evaluator=Count()
    )
    assert runner.test() == dict(count=42)
    assert find_hook(runner).sampler is None


def test_runs_that_only_validate_do_not_change(tmp_path):
    runner = build_runner(
        tmp_path, val_dataloader=EVALUATION, val_cfg=dict(), val_evaluator=[Count()]
    )
    assert runner.val() == dict(count=42)
    assert find_hook(runner).sampler is None


class LoaderFacts(Hook):
    """Notes what other hooks see of the training loader during the run."""

    priority = 95

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        loader = runner.train_dataloader
        self.facts = (loader.batch_size, loader.drop_last, loader.dataset, loader.sampler)
        self.length = len(loader)


@pytest.mark.parametrize('by_epoch', [True, False])
def test_loader_looks_like_the_one_that_it_replaces(tmp_path, by_epoch):
    cfg = dict(max_epochs=2) if by_epoch else dict(max_iters=20, val_interval=1000)
    runner = build_runner(tmp_path, train_cfg=dict(cfg, by_epoch=by_epoch))
    facts = LoaderFacts()
    runner.register_hook(facts)
    runner.train()
    sampler = find_hook(runner).sampler
    assert facts.facts == (4, False, sampler.dataset, sampler)
    assert facts.length == -(-len(sampler) // 4)


def test_removed_option_warns_and_asks_to_be_left_out():
    with pytest.warns(FutureWarning, match=r'BLSHook\(unbiased_weights=...\) was removed'):
        BLSHook(unbiased_weights=False)
    with pytest.raises(TypeError, match=r'unbiased_weights=True\) was removed: .*; leave it out'):
        BLSHook(unbiased_weights=True)
    with pytest.raises(TypeError, match="BLSHook has no option 'component'"):
        BLSHook(component={})


def test_sampler_knows_the_options_of_the_hook():
    """The sampler says where they belong, but may not import the hook."""
    parameters = inspect.signature(BLSHook).parameters.values()
    own = tuple(p.name for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD)
    assert own == HOOK_OPTIONS
