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


class TestClock:
    SCHEDULES = (
        dict(type='CosineAnnealingLR', by_epoch=True, T_max=8, convert_to_iter_based=True),
        dict(type='LinearLR', by_epoch=False, start_factor=0.01, end=20),
        dict(type='OneCycleLR', eta_max=0.1, total_steps=88, by_epoch=False),
        dict(type='PolyLR', power=0.9, eta_min=1e-4, by_epoch=True, convert_to_iter_based=True),
        dict(type='MultiStepLR', milestones=[3, 6], by_epoch=True),
    )

    @pytest.mark.parametrize('scheduler', SCHEDULES, ids=lambda cfg: cfg['type'])
    def test_learning_rate_is_a_function_of_epoch_progress(self, tmp_path, scheduler):
        lrs = {}
        for pruner in ('NoPruning', 'DynamicRandom'):
            runner, record, _ = train(
                tmp_path / pruner,
                max_epochs=8,
                pruner=dict(type=pruner),
                param_scheduler=[dict(scheduler)],
            )
            lrs[pruner] = (record.lrs, runner.optim_wrapper.get_lr()['lr'][0])
        full, full_end = lrs['NoPruning']
        pruned, pruned_end = lrs['DynamicRandom']
        assert (len(full), len(pruned)) == (8 * 11, 8 * 8)
        assert pruned_end == pytest.approx(full_end, rel=1e-12)
        # iteration i of 8 stands where iteration floor(i * 11 / 8) of 11 stood
        same_place = [full[epoch * 11 + i * 11 // 8] for epoch in range(8) for i in range(8)]
        assert pruned == pytest.approx(same_place, rel=1e-12)

    def test_by_option_steps_count_as_they_come(self, tmp_path):
        runner, record, _ = train(
            tmp_path,
            max_epochs=8,
            pruner=dict(type='DynamicRandom'),
            hook=dict(schedule='iteration'),
            param_scheduler=[dict(type='LinearLR', by_epoch=False, start_factor=0.1, end=88)],
        )
        assert runner.param_schedulers[0].last_step == len(record.batches) == 64

    def test_momentum_follows_too(self, tmp_path):
        runner, _, _ = train(
            tmp_path,
            max_epochs=8,
            pruner=dict(type='DynamicRandom'),
            param_scheduler=[dict(type='LinearMomentum', by_epoch=False, start_factor=0.1, end=88)],
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9)),
        )
        assert runner.optim_wrapper.get_momentum()['momentum'][0] == pytest.approx(0.9)

    def test_mmengine_knows_the_real_length(self, tmp_path):
        runner, record, _ = train(tmp_path, pruner=dict(type='SeTa'))
        assert runner.max_iters == runner.iter == len(record.batches)
        assert runner.message_hub.get_info('max_iters') == runner.iter
        assert runner.message_hub.get_info('eta') == 0

    def test_accumulation_leaves_no_gradient_behind(self, tmp_path):
        steps = []
        runner = build_runner(
            tmp_path, pruner=dict(type='DynamicRandom'), optim_wrapper=dict(accumulative_counts=3)
        )
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        step = runner.optim_wrapper.step
        runner.optim_wrapper.step = lambda **kwargs: (steps.append(runner.iter), step(**kwargs))
        runner.train()
        assert runner.iter == 6 * 8
        assert len(steps) == 16
        assert steps[-1] == runner.iter - 1

    def test_accumulation_steps_on_the_last_iteration_of_an_odd_run(self, tmp_path):
        steps = []
        runner = build_runner(
            tmp_path, pruner=dict(type='DynamicRandom'), optim_wrapper=dict(accumulative_counts=5)
        )
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        step = runner.optim_wrapper.step
        runner.optim_wrapper.step = lambda **kwargs: (steps.append(runner.iter), step(**kwargs))
        runner.train()
        assert steps == [*range(4, 45, 5), 47]


class TestMistakes:
    def test_hook_without_sampler(self, tmp_path):
        runner = build_runner(tmp_path)
        runner._train_dataloader['sampler'] = dict(type='DefaultSampler', shuffle=True)
        with pytest.raises(TypeError, match='BLSHook needs a BLSSampler, but train_dataloader'):
            runner.train()

    def test_batches_out_of_order(self, tmp_path):
        runner = build_runner(tmp_path, loader=dict(in_order=False))
        with pytest.raises(ValueError, match='in_order=False'):
            runner.train()

    def test_a_collate_function_that_changes_the_size_of_the_batch(self, tmp_path):
        def repeat(samples):
            return dict(inputs=[s['inputs'] for s in samples * 2], data_samples=[0] * 8)

        runner = build_runner(tmp_path, loader=dict(collate_fn=repeat))
        with pytest.raises(ValueError, match='8 inputs came back where 4 samples were handed out'):
            runner.train()

    def test_unknown_component(self, tmp_path):
        runner = build_runner(tmp_path, hook=dict(components=dict(loss_mask=1.0)))
        with pytest.raises(KeyError, match="components names 'loss_mask', but the model returns"):
            runner.train()

    def test_sample_scorer_without_sample_losses(self, tmp_path):
        runner = build_runner(tmp_path, sampler=dict(scorer=dict(type='SampleLossScorer')))
        with pytest.raises(ValueError, match=r"'loss_square' has shape \(\)"):
            runner.train()

    def test_a_model_that_returns_no_dict(self, tmp_path):
        class Bare(ToyModel):
            def forward(self, *args, **kwargs):
                return torch.tensor(1.0, requires_grad=True)

        with pytest.raises(TypeError, match="Bare returned Tensor in mode='loss'"):
            build_runner(tmp_path, model=Bare()).train()

    @pytest.mark.parametrize(
        ('options', 'message'),
        [
            (dict(schedule='step'), "schedule must be one of .* but got 'step'"),
            (dict(components=['loss_cls']), 'components must be a dict of loss names and weights'),
            (dict(components={}), 'components must be a dict of loss names and weights'),
        ],
    )
    def test_bad_options(self, tmp_path, options, message):
        with pytest.raises(ValueError, match=message):
            build_runner(tmp_path, hook=options)
