"""What begins at an iteration begins at the same progress of a run that pruning shortens."""

import pytest
from mmengine.evaluator import BaseMetric
from mmengine.hooks import EMAHook, Hook
from toy import ToyData, build_runner, find_hook, read_log, train

LENGTH, PRUNED = 60, 44  # iterations of the run on all samples, and of the pruned run
TWO_THIRDS = 40, 30  # 3 epochs of 11 iterations and 7 of 11; 3 epochs of 8 and 6 of 8


class Ones(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results.append(1)

    def compute_metrics(self, results):
        return dict(score=1.0)


class Validations(Hook):
    """Notes after which iterations a run validates."""

    def __init__(self):
        self.iterations = []

    def before_val(self, runner):
        self.iterations.append(runner.iter)


class Switch(Hook):
    """Does something once, at an iteration."""

    def __init__(self, switch_iter):
        self.switch_iter = switch_iter
        self.done_at = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.switch_iter:
            self.done_at.append(runner.iter)


class OtherSwitch(Switch):
    """The same, with an attribute of another name."""

    def __init__(self, at_iter):
        super().__init__(None)
        self.at_iter = at_iter


def options_of(pruner='DynamicRandom', saver=None, **train_cfg):
    saver = dict(type='CheckpointHook', by_epoch=False, **(saver or dict(interval=1000)))
    return dict(
        train_cfg={**dict(by_epoch=False, max_iters=LENGTH, val_interval=1000), **train_cfg},
        pruner=dict(type=pruner),
        default_hooks=dict(checkpoint=saver),
        val_dataloader=dict(dataset=ToyData(), sampler=dict(type='DefaultSampler'), batch_size=9),
        val_cfg=dict(),
        val_evaluator=[Ones()],
    )


def run(work_dir, *hooks, **options):
    """Trains with some hooks; returns the runner and the iterations after which it validated."""
    runner, validations = build_runner(work_dir, **options), Validations()
    for hook in (validations, *hooks):
        runner.register_hook(hook)
    runner.train()
    return runner, validations.iterations


def saved_in(work_dir):
    return sorted(int(path.stem.rpartition('_')[2]) for path in work_dir.glob('iter_*.pth'))


def test_validation_begins_at_the_same_progress(tmp_path):
    options = options_of(val_begin=TWO_THIRDS[0], val_interval=2)
    full, in_full = run(tmp_path / 'full', **dict(options, pruner=dict(type='NoPruning')))
    pruned, in_pruned = run(tmp_path / 'pruned', **options)
    assert (full.iter, in_full) == (LENGTH, [*range(TWO_THIRDS[0], LENGTH + 1, 2)])
    assert (pruned.iter, in_pruned) == (PRUNED, [*range(TWO_THIRDS[1], PRUNED + 1, 2)])
    assert full.train_loop.val_begin == pruned.train_loop.val_begin == TWO_THIRDS[0]


def test_best_checkpoint_of_a_late_validation_is_saved(tmp_path):
    saver = dict(interval=1000, save_best='score', rule='greater')
    run(tmp_path, **options_of(saver=saver, val_begin=LENGTH))
    assert (tmp_path / f'best_score_iter_{PRUNED}.pth').exists()


def test_validation_that_never_begins_does_not_begin(tmp_path):
    _, validations = run(tmp_path, **options_of(val_begin=LENGTH + 1))
    assert validations == []


def test_dynamic_intervals_change_at_the_same_progress(tmp_path):
    intervals = [(TWO_THIRDS[0], 3)]
    runner, validations = run(tmp_path, **options_of(dynamic_intervals=intervals))
    assert validations == [30, 33, 36, 39, 42, PRUNED]
    assert runner.train_loop.dynamic_milestones == [0, TWO_THIRDS[0]]


@pytest.mark.parametrize(
    ('saver', 'expected'),
    [
        (dict(interval=6, save_begin=40), [34, 40, PRUNED]),
        (dict(interval=50, save_begin=58), [43, PRUNED]),
        (dict(interval=10, save_begin=60), [PRUNED]),
        (dict(interval=20), [20, 40, PRUNED]),
    ],
)
def test_checkpoints_begin_at_the_same_progress_and_keep_their_numbers(tmp_path, saver, expected):
    runner, _ = run(tmp_path, **options_of(saver=saver))
    assert saved_in(tmp_path) == expected
    (hook,) = [hook for hook in runner.hooks if hasattr(hook, 'save_begin')]
    assert hook.save_begin == saver.get('save_begin', 0)


@pytest.mark.parametrize('last', [31, 34, 42])
def test_resumed_run_does_the_same_at_the_same_iterations(tmp_path, last):
    hooks = dict(switch=dict(type=Switch, switch_iter=TWO_THIRDS[0]))
    options = options_of(
        saver=dict(interval=1, save_begin=40), val_begin=TWO_THIRDS[0], val_interval=4
    )
    options['default_hooks'].update(hooks)
    _, whole = run(tmp_path / 'whole', **options)
    checkpoint = str(tmp_path / 'whole' / f'iter_{last}.pth')
    runner, rest = run(tmp_path / 'on', **options, load_from=checkpoint, resume=True)
    assert rest == [iteration for iteration in whole if iteration > last]
    assert saved_in(tmp_path / 'on') == [*range(last + 1, PRUNED + 1)]
    assert next(hook for hook in runner.hooks if isinstance(hook, Switch)).done_at == []


def test_ema_begins_at_the_same_progress(tmp_path):
    ema, steps = EMAHook(begin_iter=TWO_THIRDS[0]), []

    class Steps(Hook):
        priority = 'LOW'

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            steps.append(int(ema.ema_model.steps))

    run(tmp_path, ema, Steps(), **options_of())
    assert steps.count(0) == TWO_THIRDS[1] - 1
    assert steps[-1] == PRUNED + 1 - TWO_THIRDS[1]
    assert ema.begin_iter == TWO_THIRDS[0]


def test_a_loop_of_epochs_begins_at_the_same_progress(tmp_path):
    options = dict(options_of(), train_cfg=dict(by_epoch=True, max_epochs=6))
    hooks = Switch(TWO_THIRDS[0]), EMAHook(begin_iter=TWO_THIRDS[0])
    runner, _ = run(tmp_path, *hooks, **options)
    assert hooks[0].done_at == [TWO_THIRDS[1]]
    assert int(hooks[1].ema_model.steps) == runner.iter + 1 - TWO_THIRDS[1]
    assert hooks[1].begin_iter == TWO_THIRDS[0]


def test_a_loop_of_epochs_saves_from_the_same_progress_on(tmp_path):
    options = options_of(saver=dict(interval=1, save_begin=TWO_THIRDS[0]))
    options['train_cfg'] = dict(by_epoch=True, max_epochs=6)
    runner, _ = run(tmp_path, **options)
    assert saved_in(tmp_path) == [*range(TWO_THIRDS[1], runner.iter + 1)]


def test_each_switch_happens_once(tmp_path):
    switches = [Switch(given) for given in range(LENGTH - 1)]
    run(tmp_path, *switches, **options_of())
    for given, switch in enumerate(switches):
        assert switch.done_at == [given // 11 * 8 + -(-(given % 11) * 8 // 11)]


def test_each_switch_happens_once_if_epochs_differ_in_length(tmp_path):
    switches = [Switch(given) for given in range(LENGTH - 1)]
    run(tmp_path, *switches, **options_of('SeTa'))
    assert [len(switch.done_at) for switch in switches] == [1] * len(switches)
    assert sorted(switches, key=lambda switch: switch.done_at) == switches


@pytest.mark.parametrize(
    'options',
    [
        options_of('NoPruning'),
        dict(options_of(), hook=dict(schedule='iteration')),
    ],
    ids=['no pruning', 'iteration'],
)
def test_thresholds_of_a_run_that_is_not_shortened_stay(tmp_path, options):
    switch = Switch(TWO_THIRDS[0])
    run(tmp_path, switch, OtherSwitch(at_iter=TWO_THIRDS[0]), **options)
    assert switch.done_at == [TWO_THIRDS[0]]
    assert 'so it may not reach' not in read_log(tmp_path)


@pytest.mark.parametrize(('at_iter', 'is_late'), [(20, False), (50, True), (61, False)])
def test_late_iteration_of_an_unknown_hook_is_warned_about(tmp_path, at_iter, is_late):
    run(tmp_path, OtherSwitch(at_iter), **options_of())
    text = f'before iteration 60, so it may not reach OtherSwitch.at_iter={at_iter}; name'
    assert (text in read_log(tmp_path)) == is_late


def test_thresholds_of_an_interrupted_run_are_restored(tmp_path):
    class Interruption(Hook):
        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            if runner.iter == 20:
                raise KeyboardInterrupt

    switch = Switch(TWO_THIRDS[0])
    runner = build_runner(tmp_path, **options_of())
    for hook in (switch, Interruption()):
        runner.register_hook(hook)
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    assert switch.switch_iter != TWO_THIRDS[0]
    find_hook(runner).before_train(runner)
    assert switch.switch_iter == TWO_THIRDS[0]


def test_default_thresholds_do_not_change(tmp_path):
    runner, recorder, _ = train(tmp_path, **options_of())
    assert runner.train_loop.val_begin == 1
    assert len(recorder.batches) == PRUNED
