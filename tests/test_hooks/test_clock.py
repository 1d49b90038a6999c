"""Schedules end with the run, and MMEngine knows how long the run is."""

import math
from itertools import chain

import pytest
from mmengine.evaluator import BaseMetric
from toy import ToyData, build_runner, train

EPOCHS, FULL, PRUNED = 8, 11, 8  # epochs, iterations of a full and of a pruned epoch
ITERATION = dict(by_epoch=False)
CONVERTED = dict(by_epoch=True, convert_to_iter_based=True)

SCHEDULES = {
    'cosine, converted': [dict(type='CosineAnnealingLR', T_max=EPOCHS, **CONVERTED)],
    'cosine, by iteration': [dict(type='CosineAnnealingLR', T_max=88, eta_min=1e-4, **ITERATION)],
    'cosine, by epoch': [dict(type='CosineAnnealingLR', T_max=EPOCHS)],
    'cosine with restarts': [
        dict(
            type='CosineRestartLR',
            periods=[3, 5],
            restart_weights=[1, 0.5],
            eta_min=1e-4,
            **CONVERTED,
        )
    ],
    'one cycle': [dict(type='OneCycleLR', eta_max=0.1, total_steps=88, **ITERATION)],
    'one cycle, converted': [dict(type='OneCycleLR', eta_max=0.1, total_steps=8, **CONVERTED)],
    'poly': [dict(type='PolyLR', power=0.9, eta_min=1e-4, **CONVERTED)],
    'multi-step, converted': [dict(type='MultiStepLR', milestones=[3, 6], **CONVERTED)],
    'multi-step, by epoch': [dict(type='MultiStepLR', milestones=[3, 6])],
    'step': [dict(type='StepLR', step_size=2, **CONVERTED)],
    'exponential': [dict(type='ExponentialLR', gamma=0.98, **ITERATION)],
    'constant': [dict(type='ConstantLR', factor=0.1, end=20, **ITERATION)],
    'linear warm-up, then cosine': [
        dict(type='LinearLR', start_factor=0.01, end=20, **ITERATION),
        dict(type='CosineAnnealingLR', begin=2, end=8, T_max=6, **CONVERTED),
    ],
    'linear warm-up, then steps by epoch': [
        dict(type='LinearLR', start_factor=0.001, end=25, **ITERATION),
        dict(type='MultiStepLR', milestones=[5, 7], by_epoch=True),
    ],
}


def learning_rates(work_dir, pruner, schedule):
    """The learning rate of each iteration of a run, and the last one."""
    runner, record, _ = train(
        work_dir,
        max_epochs=EPOCHS,
        pruner=dict(type=pruner),
        param_scheduler=[dict(scheduler) for scheduler in schedule],
    )
    return record.lrs, runner.optim_wrapper.get_lr()['lr'][0]


@pytest.mark.parametrize('name', SCHEDULES)
def test_learning_rate_is_a_function_of_epoch_progress(tmp_path, name):
    full, full_end = learning_rates(tmp_path / 'full', 'NoPruning', SCHEDULES[name])
    pruned, pruned_end = learning_rates(tmp_path / 'pruned', 'DynamicRandom', SCHEDULES[name])
    assert (len(full), len(pruned)) == (EPOCHS * FULL, EPOCHS * PRUNED)
    assert len(set(full)) > 1
    assert pruned_end == full_end
    same_place = [
        full[epoch * FULL + i * FULL // PRUNED] for epoch in range(EPOCHS) for i in range(PRUNED)
    ]
    assert pruned == same_place


def test_reduce_on_plateau_follows_validation(tmp_path):
    class Flat(BaseMetric):
        def process(self, data_batch, data_samples):
            self.results.append(1)

        def compute_metrics(self, results):
            return dict(score=1.0)

    lrs = {}
    for pruner in ('NoPruning', 'DynamicRandom'):
        runner, record, _ = train(
            tmp_path / pruner,
            max_epochs=EPOCHS,
            pruner=dict(type=pruner),
            param_scheduler=[
                dict(type='ReduceOnPlateauLR', monitor='score', rule='greater', patience=1)
            ],
            val_dataloader=dict(
                dataset=ToyData(), sampler=dict(type='DefaultSampler'), batch_size=9
            ),
            val_cfg=dict(),
            val_evaluator=[Flat()],
        )
        length = len(record.lrs) // EPOCHS
        lrs[pruner] = record.lrs[::length], runner.optim_wrapper.get_lr()['lr'][0]
    assert lrs['NoPruning'] == lrs['DynamicRandom']
    assert len(set(lrs['NoPruning'][0])) > 2


def test_momentum_follows_epoch_progress(tmp_path):
    ends = {}
    for pruner in ('NoPruning', 'DynamicRandom'):
        runner, _, _ = train(
            tmp_path / pruner,
            max_epochs=EPOCHS,
            pruner=dict(type=pruner),
            param_scheduler=[
                dict(type='CosineAnnealingMomentum', T_max=88, eta_min=0.1, **ITERATION)
            ],
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9)),
        )
        ends[pruner] = runner.optim_wrapper.get_momentum()['momentum'][0]
    assert ends['DynamicRandom'] == ends['NoPruning']
    assert ends['NoPruning'] == pytest.approx(0.1, abs=1e-3)


def test_schedule_iteration_makes_one_step_per_iteration(tmp_path):
    runner, record, _ = train(
        tmp_path,
        max_epochs=EPOCHS,
        pruner=dict(type='DynamicRandom'),
        hook=dict(schedule='iteration'),
        param_scheduler=[dict(type='LinearLR', start_factor=0.1, end=88, **ITERATION)],
    )
    assert runner.param_schedulers[0].last_step == len(record.batches) == EPOCHS * PRUNED


def test_mmengine_knows_the_length_of_the_run(tmp_path):
    runner, record, _ = train(tmp_path, pruner=dict(type='SeTa'))
    assert runner.max_iters == runner.iter == len(record.batches)
    assert runner.message_hub.get_info('max_iters') == runner.iter
    assert runner.message_hub.get_info('eta') == 0


class TestIterationBasedLoops:
    def options(self, pruner, **hook):
        return dict(
            train_cfg=dict(by_epoch=False, max_iters=60, val_interval=1000),
            pruner=dict(type=pruner),
            param_scheduler=[dict(type='CosineAnnealingLR', T_max=60, **ITERATION)],
            hook=hook,
        )

    def test_each_virtual_epoch_has_its_own_plan(self, tmp_path):
        _, record, hook = train(tmp_path, **self.options('DynamicRandom'))
        epochs = [list(chain(*record.batches[e * PRUNED : (e + 1) * PRUNED])) for e in range(5)]
        assert all(len(set(epoch)) == len(epoch) == 29 for epoch in epochs)
        assert len({tuple(sorted(epoch)) for epoch in epochs}) == 5
        assert hook.savings.epochs == 6  # the last one is not complete

    def test_the_run_ends_with_its_schedule(self, tmp_path):
        full, _, _ = train(tmp_path / 'full', **self.options('NoPruning'))
        assert full.iter == 60
        # 60 iterations are 5 epochs of 11, and 5 of a sixth: 5 * 8 + ceil(5 * 8 / 11) = 44.
        runner, record, hook = train(tmp_path / 'pruned', **self.options('DynamicRandom'))
        assert runner.iter == runner.max_iters == len(record.batches) == 44
        assert runner.optim_wrapper.get_lr() == full.optim_wrapper.get_lr()
        assert hook.savings.iterations == 44
        assert abs(hook.savings.iterations_unpruned - 60) <= 1

    def test_schedule_iteration_keeps_max_iters(self, tmp_path):
        options = self.options('DynamicRandom', schedule='iteration')
        runner, record, hook = train(tmp_path, **options)
        assert runner.iter == len(record.batches) == 60
        assert runner.optim_wrapper.get_lr()['lr'][0] == pytest.approx(0, abs=1e-5)
        # More epochs than the 6 on all samples. They are pruned as well: none anneals.
        assert hook.savings.epochs == hook.sampler.max_epochs == math.ceil(60 / PRUNED)
        assert sum(map(len, record.batches)) == 60 * 4 - 7 * (PRUNED * 4 - 29)

    def test_workers_stay_alive_between_epochs(self, tmp_path):
        runner, _, hook = train(tmp_path, num_workers=2, **self.options('InfoBatch'))
        assert hook.run.virtual_epochs.loader.persistent_workers
        assert not runner.train_loop.dataloader.persistent_workers  # as the user has it
        assert hook.savings.epochs > 3

    def test_validation_interval_counts_iterations_of_the_run(self, tmp_path):
        values = []

        class Count(BaseMetric):
            def process(self, data_batch, data_samples):
                self.results.append(1)

            def compute_metrics(self, results):
                values.append(len(results))
                return dict(score=1.0)

        options = self.options('DynamicRandom')
        options['train_cfg']['val_interval'] = 10
        train(
            tmp_path,
            val_dataloader=dict(
                dataset=ToyData(), sampler=dict(type='DefaultSampler'), batch_size=9
            ),
            val_cfg=dict(),
            val_evaluator=[Count()],
            **options,
        )
        assert len(values) == 5  # after 10, 20, 30, 40 and 44 iterations


@pytest.mark.parametrize(('counts', 'last'), [(3, 47), (5, 47), (7, 47)])
def test_accumulation_uses_the_last_gradients(tmp_path, counts, last):
    runner = build_runner(
        tmp_path, pruner=dict(type='DynamicRandom'), optim_wrapper=dict(accumulative_counts=counts)
    )
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    steps, step = [], runner.optim_wrapper.step
    runner.optim_wrapper.step = lambda **kwargs: (steps.append(runner.iter), step(**kwargs))
    runner.train()
    assert runner.iter == 6 * PRUNED == last + 1
    assert steps == sorted({*range(counts - 1, last, counts), last})
