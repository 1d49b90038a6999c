import json

import pytest
import torch
from toy import ToyModel, build_runner, train

from bls_mm.scorers import BatchLossScorer, SampleLossScorer


def replay(recorder, scorer):
    for batch, loss in zip(recorder.batches, recorder.losses):
        scorer.update(batch, loss)
    return scorer


@pytest.mark.parametrize('num_workers', [0, 2])
@pytest.mark.parametrize('pruner', ['InfoBatch', 'SeTa', 'DynamicRandom'])
def test_scores_equal_a_replay_of_a_separate_record(tmp_path, num_workers, pruner):
    _, recorder, hook = train(tmp_path, num_workers=num_workers, pruner=dict(type=pruner))
    scorer = replay(recorder, BatchLossScorer(42))
    torch.testing.assert_close(hook.sampler.scorer.scores, scorer.scores)
    assert torch.equal(hook.sampler.scorer.visits, scorer.visits)
    assert len(set(scorer.scores.tolist())) > 5


def test_persistent_workers_and_prefetch_keep_the_order(tmp_path):
    loader = dict(persistent_workers=True, prefetch_factor=4, drop_last=True)
    _, recorder, hook = train(tmp_path, num_workers=3, loader=loader)
    scorer = replay(recorder, BatchLossScorer(42))
    torch.testing.assert_close(hook.sampler.scorer.scores, scorer.scores)


def test_true_sample_losses_reach_their_samples(tmp_path):
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


def test_components_choose_what_is_scored(tmp_path):
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
    assert hook.savings.epochs == 6


def test_numbers_of_an_epoch_reach_the_message_hub(tmp_path):
    runner, _, _ = train(tmp_path, max_epochs=8)
    kept = runner.message_hub.get_scalar('train/bls/kept_ratio')._log_history
    assert len(kept) == 8
    assert kept[0] == kept[-1] == 1
    assert all(0 < share < 1 for share in kept[1:-1])
    weights = runner.message_hub.get_scalar('train/bls/mean_weight')._log_history
    assert weights[0] == 1 < weights[1]


def test_the_log_says_what_is_kept(tmp_path):
    train(tmp_path, log_level='INFO')
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert 'BLS: epoch 1 keeps 42 of 42 samples (0.0% pruned), mean weight 1.00' in log
    assert log.count('BLS: epoch') == 6
    assert 'BLS: trained on' in log


@pytest.mark.parametrize('guards', [[], [dict(type='Revisit', epochs=1)]])
def test_the_log_warns_of_a_goal_that_was_missed_and_of_no_other(tmp_path, guards):
    pruner = dict(type='InfoBatch', target_savings=0.6, guards=guards)
    _, _, hook = train(tmp_path, max_epochs=12, pruner=pruner, log_level='INFO')
    missed = abs(hook.savings.pruned - 0.6) > 0.01
    assert missed == bool(guards)  # that guard brings back all that the last epoch left out
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert missed == ('target_savings=0.6 asked for 60.0% pruned, but' in log)


def test_the_model_is_left_as_it_was(tmp_path):
    runner, _, _ = train(tmp_path)
    assert not runner.model._forward_hooks


def test_runs_that_test_or_validate_only_are_left_alone(tmp_path):
    from mmengine.evaluator import BaseMetric
    from toy import ToyData

    class Count(BaseMetric):
        def process(self, data_batch, data_samples):
            self.results.append(len(data_samples))

        def compute_metrics(self, results):
            return dict(count=sum(results))

    runner = build_runner(
        tmp_path,
        test_dataloader=dict(dataset=ToyData(), sampler=dict(type='DefaultSampler'), batch_size=4),
        test_cfg=dict(),
        test_evaluator=Count(),
    )
    assert runner.test() == dict(count=42)


def test_a_compiled_model_scores_and_weighs_alike(tmp_path):
    options = dict(max_epochs=4, optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.05)))
    _, plain, _ = train(tmp_path / 'plain', **options)
    compiled = dict(cfg=dict(compile=dict(backend='eager')))
    _, record, hook = train(tmp_path / 'compiled', **compiled, **options)
    assert record.batches == plain.batches
    assert record.losses == pytest.approx(plain.losses, rel=1e-5)
    assert hook.sampler.selection.weights is not None
