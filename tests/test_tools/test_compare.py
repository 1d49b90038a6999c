"""tools/compare.py, on runs of the toy model in this process."""

import json
import signal
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.runner import Runner
from rich.progress import Progress
from toy import ToyModel

from bls_mm.compat import allow_mmengine_checkpoints

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools'))

import compare
import grid as grid_module

from bls_mm.analysis.comparison import parse_method
from bls_mm.analysis.runs import last_validation
from bls_mm.cli.main import main

EPOCHS, NUM = 4, 42
METHODS = [parse_method('InfoBatch(delta=1.0)')]


class PredictingModel(ToyModel):
    def forward(self, inputs, data_samples=None, mode='tensor'):
        output = super().forward(inputs, data_samples, mode)
        return output if mode == 'loss' else list(output)


class MeanOutput(BaseMetric):
    default_prefix = 'toy'

    def process(self, data_batch, data_samples):
        self.results += [float(sample.mean()) for sample in data_samples]

    def compute_metrics(self, results):
        return dict(mean_output=sum(results) / len(results), other=1.0)


def toy_config() -> Config:
    loader = dict(dataset=dict(type='toy.ToyData', length=NUM), batch_size=4, num_workers=0)
    return Config(
        dict(
            model=dict(type='test_compare.PredictingModel'),
            train_dataloader=dict(sampler=dict(type='DefaultSampler', shuffle=True), **loader),
            val_dataloader=dict(sampler=dict(type='DefaultSampler', shuffle=False), **loader),
            val_evaluator=dict(type='test_compare.MeanOutput'),
            train_cfg=dict(by_epoch=True, max_epochs=EPOCHS, val_interval=EPOCHS),
            val_cfg=dict(),
            optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01)),
            default_hooks=dict(logger=dict(type='LoggerHook', interval=1000)),
            log_level='WARNING',
        )
    )


class LocalGrid(grid_module.Grid):
    """Trains in this process, and records the work dirs."""

    def __init__(self, *args, fails=False, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.trained, self.fails = [], fails

    def _run(self, config, work_dir, report):
        self.trained.append(work_dir)
        cfg = Config.fromfile(config)
        cfg.update(work_dir=str(work_dir), resume=True, experiment_name=str(work_dir))
        if not self.fails:
            Runner.from_cfg(cfg).train()
        report(grid_module.finished_epochs(work_dir))
        return not self.fails


@pytest.fixture
def grid_of(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'test_compare', sys.modules[__name__])
    allow_mmengine_checkpoints()

    def build(cfg=None, metric='mean_output', **options):
        return LocalGrid(cfg or toy_config(), tmp_path / 'grid', metric, **options)

    return build


def test_grid_includes_baselines_and_trains_each_run_once(grid_of):
    grid = grid_of()
    compare.train_grid(grid, METHODS, seeds=[0, 1], same=1)
    runs = json.loads((grid.out / 'results.json').read_text())
    saved = {run['method']: run['pruned'] for run in runs}
    full, infobatch, random, fewer = saved  # in the order of training
    assert (full, infobatch) == ('NoPruning', 'InfoBatch(delta=1.0)')
    assert random.startswith('DynamicRandom') and fewer.startswith('FewerPasses')
    assert saved[full] == 0 and 0.1 < saved[infobatch] < 0.5
    for baseline in (random, fewer):
        assert abs(saved[baseline] - saved[infobatch]) < 0.03  # whole samples of 42
    assert [run['seed'] for run in runs] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert len({run['metric'] for run in runs}) == 8  # the metric differs between the runs
    assert (grid.out / 'table.md').read_text().count('\n') == 6

    again = grid_of()
    compare.train_grid(again, METHODS, seeds=[0, 1, 2], same=1)
    assert {path.name for path in again.trained} == {'seed2'}
    assert len(again.runs) == 12


def test_random_baseline_is_compensated_like_the_method(grid_of):
    grid = grid_of()
    methods = [parse_method("InfoBatch(delta=1.0, compensation='learning_rate')")]
    compare.train_grid(grid, methods, seeds=[0], same=1)
    compensations = {run['method'].split('(')[0]: run['compensation'] for run in grid.runs}
    assert compensations == dict(
        NoPruning=None, InfoBatch='learning_rate', DynamicRandom='learning_rate', FewerPasses=None
    )


def test_runs_start_from_load_from(grid_of, tmp_path, monkeypatch):
    monkeypatch.setenv('PYTHONPATH', f'{Path(__file__).parents[2]}:{Path(__file__).parents[1]}')
    cfg = toy_config()
    cfg.model.type, cfg.optim_wrapper.optimizer.lr = 'toy.ToyModel', 0.0
    for name in ('val_dataloader', 'val_evaluator', 'val_cfg'):
        cfg.pop(name)
    weights = {name: value + 7 for name, value in ToyModel().state_dict().items()}
    torch.save(dict(state_dict=weights, meta={}), tmp_path / 'pretrained.pth')
    cfg.load_from = str(tmp_path / 'pretrained.pth')
    grid = grid_module.Grid(cfg, tmp_path / 'grid')
    work_dir = grid.work_dir(METHODS[0], 0)
    assert grid._run(grid._write_config(METHODS[0], 0), work_dir, lambda epochs: None)
    trained = torch.load(work_dir / f'epoch_{EPOCHS}.pth', weights_only=False)['state_dict']
    assert all(trained[name].equal(value) for name, value in weights.items())


def test_failed_run_is_reported_and_trained_next_time(grid_of):
    with Progress(disable=True) as progress:
        broken = grid_of(fails=True)
        broken.train(METHODS[0], 0, progress)
        assert broken.failed == [broken.work_dir(METHODS[0], 0)]
        assert broken.runs == []
        grid = grid_of()
        grid.train(METHODS[0], 0, progress)
        assert grid.trained == broken.failed and len(grid.runs) == 1


def test_repeated_methods_and_seeds_are_trained_once(grid_of):
    twice = [*METHODS, *METHODS, parse_method('NoPruning')]
    grid = grid_of()
    compare.train_grid(grid, twice, seeds=[0, 0, 1], same=1)
    trained = [(run['method'], run['seed']) for run in grid.runs]
    assert len(trained) == len(set(trained)) == len(grid.trained) == 8


def test_baselines_are_added_after_the_first_success(grid_of):
    grid = grid_of(fails=True)
    compare.train_grid(grid, METHODS, seeds=[0], same=1)
    assert len(grid.failed) == 2 and not (grid.out / 'table.md').exists()
    grid.fails = False
    compare.train_grid(grid, METHODS, seeds=[1], same=1)
    assert len(grid.runs) == 4


@pytest.mark.parametrize(
    ('method', 'message'),
    [
        ('Seta', "pruner 'Seta' is not known; choose one of"),
        ('SeTa(prune_ratio=2)', 'prune_ratio must be a fraction between 0 and 1, but got 2'),
        ('SeTa(ratio=0.2)', 'ratio'),
        ('SeTa + BatchLossScorer(alpha=2)', r'alpha must be in \[0, 1\), but got 2'),
        ("SeTa(guards=[dict(type='Revist')])", "guard 'Revist' is not known"),
        ('missing.py', "there is no config file 'missing.py'"),
        ('unpruned.py', 'has no BLSSampler, which counts the samples seen; give its'),
        ('SeTa(shuffle_scores=1)', 'shuffle_scores must be True or False, but got 1'),
    ],
)
def test_invalid_method_raises_before_training(tmp_path, monkeypatch, method, message):
    monkeypatch.chdir(tmp_path)
    toy_config().dump('config.py')
    toy_config().dump('unpruned.py')
    monkeypatch.setattr(sys, 'argv', ['compare.py', 'config.py', '--methods', 'SeTa', method])
    with pytest.raises(SystemExit, match=message) as error:
        compare.main()
    assert '\n' not in str(error.value)
    assert not Path('work_dirs').exists()
    # Processes that later tests fork would inherit a signal handler, and might not end.
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_config_without_validation_raises_before_training(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cfg = toy_config()
    for name in ('val_dataloader', 'val_evaluator', 'val_cfg'):
        cfg.pop(name)
    cfg.dump('config.py')
    monkeypatch.setattr(sys, 'argv', ['compare.py', 'config.py', '--methods', 'SeTa'])
    with pytest.raises(SystemExit, match='SeTa has no val_evaluator, so its runs cannot be'):
        compare.main()
    assert not Path('work_dirs').exists()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            dict(visualizer=dict(vis_backends=[dict(type='TensorboardVisBackend')])),
            'SeTa logs without LocalVisBackend, so its metrics cannot be read; add',
        ),
        (dict(default_hooks=dict(checkpoint=None)), 'SeTa saves no checkpoint in its work dir'),
        (
            dict(default_hooks=dict(checkpoint=dict(type='CheckpointHook', out_dir='there'))),
            'SeTa saves no checkpoint in its work dir',
        ),
        (dict(train_cfg=dict(val_begin=9)), f'SeTa has val_begin=9 in a run of {EPOCHS}, so it is'),
    ],
)
def test_runs_whose_results_could_not_be_read_raise_before_training(
    tmp_path, monkeypatch, options, message
):
    monkeypatch.chdir(tmp_path)
    cfg = toy_config()
    cfg.merge_from_dict(options)
    cfg.dump('config.py')
    monkeypatch.setattr(sys, 'argv', ['compare.py', 'config.py', '--methods', 'SeTa'])
    with pytest.raises(SystemExit, match=message):
        compare.main()
    assert not Path('work_dirs').exists()


def test_a_finished_run_gives_the_metric_that_is_asked_for(grid_of):
    with Progress(disable=True) as progress:
        for metric, name in (('other', 'other'), (None, 'mean_output'), ('other', 'other')):
            grid = grid_of(metric=metric)
            grid.train(METHODS[0], 0, progress)
            assert grid.runs[0]['metric_name'] == name


@pytest.mark.usefixtures('grid_of')
def test_a_run_that_was_stopped_in_its_last_validation_is_validated(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('LOCAL_RANK', '0')
    toy_config().dump('config.py')
    arguments = ['train', 'config.py', '--target-savings', '0.2', '--work-dir', 'run']
    main(arguments)
    expected = last_validation(tmp_path / 'run')
    for log in (tmp_path / 'run').glob('*/vis_data/scalars.json'):
        lines = log.read_text().splitlines()
        log.write_text(''.join(line + '\n' for line in lines if 'mean_output' not in line))
    with pytest.raises(FileNotFoundError, match='has no finished validation'):
        last_validation(tmp_path / 'run')
    main([*arguments, '--resume'])
    assert last_validation(tmp_path / 'run') == pytest.approx(expected)
    pytest.importorskip('plotly')
    with pytest.raises(SystemExit, match=r"no metric of run ends with 'typo': it has \['toy/mean"):
        main(['report', 'run', '--metric', 'typo'])


@pytest.mark.usefixtures('grid_of')
def test_a_test_leaves_the_config_of_its_run_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('LOCAL_RANK', '0')
    cfg = toy_config()
    for name in ('dataloader', 'evaluator', 'cfg'):
        cfg[f'test_{name}'] = cfg[f'val_{name}']
    cfg.work_dir = 'run'
    cfg.dump('config.py')
    main(['train', 'config.py', '--target-savings', '0.2'])
    before = Path('run/config.py').read_text()
    main(['test', 'run/config.py', 'run'])
    assert Path('run/config.py').read_text() == before
    assert list(Path('run/test').rglob('*.json'))


def test_other_metric_is_read_from_finished_runs(grid_of):
    with Progress(disable=True) as progress:
        grid_of().train(METHODS[0], 0, progress)
        other = grid_of(metric='other')
        other.train(METHODS[0], 0, progress)
        assert other.runs[0]['metric'] == 1 and not other.trained
        other = grid_of(metric='mAP')
        with pytest.raises(SystemExit, match=r"no metric of .* ends with 'mAP': it has"):
            other.train(METHODS[0], 0, progress)


def test_failure_contains_last_line_of_log(tmp_path):
    (tmp_path / 'train.log').write_text('Traceback\nValueError: too small\n\n')
    assert grid_module.describe_failure(tmp_path).endswith(
        'of its train.log is: ValueError: too small'
    )
    assert grid_module.describe_failure(tmp_path / 'none').endswith('is: nothing')


def test_config_may_change_before_first_checkpoint(grid_of):
    with Progress(disable=True) as progress:
        grid_of(fails=True).train(METHODS[0], 0, progress)
        changed = grid_of(options={'optim_wrapper.optimizer.lr': 0.02})
        changed.train(METHODS[0], 0, progress)
        assert len(changed.runs) == 1


def test_finished_run_of_other_config_raises(grid_of):
    with Progress(disable=True) as progress:
        grid_of().train(METHODS[0], 0, progress)
        other = grid_of(options={'optim_wrapper.optimizer.lr': 0.02})
        with pytest.raises(SystemExit, match='was trained with another config; delete it'):
            other.train(METHODS[0], 0, progress)


def test_shuffle_scores_wraps_the_pruner():
    method = compare.to_method('InfoBatch(target_savings=0.3, shuffle_scores=True) + auto')
    assert method.pruner == dict(
        type='bls_mm.research.ShuffledScores', pruner=dict(type='InfoBatch'), target_savings=0.3
    )
    assert not method.is_baseline
    unchanged = compare.to_method('SeTa(prune_ratio=0.2, shuffle_scores=False)')
    assert unchanged.pruner == dict(type='SeTa', prune_ratio=0.2)


def test_placebo_is_the_old_name_of_shuffle_scores():
    with pytest.warns(FutureWarning, match='placebo'):
        old = compare.to_method('SeTa(prune_ratio=0.2, placebo=True)')
    assert old.pruner == compare.to_method('SeTa(prune_ratio=0.2, shuffle_scores=True)').pruner


def test_shuffled_method_trains(grid_of):
    grid = grid_of()
    with Progress(disable=True) as progress:
        for text in ('InfoBatch(delta=1.0)', 'InfoBatch(delta=1.0, shuffle_scores=True)'):
            method = compare.to_method(text)
            grid.check(method)
            grid.train(method, 0, progress)
    plain, shuffled = grid.runs
    assert abs(plain['pruned'] - shuffled['pruned']) < 0.1
    assert plain['metric'] != shuffled['metric']


@pytest.mark.parametrize('content', ['', '{', '[]', '{"metric_name": "mean_output"}'])
def test_damaged_result_is_read_again(grid_of, content):
    with Progress(disable=True) as progress:
        first = grid_of()
        first.train(METHODS[0], 0, progress)
        path = first.work_dir(METHODS[0], 0) / 'result.json'
        path.write_text(content)
        again = grid_of()
        again.train(METHODS[0], 0, progress)
    assert again.runs == first.runs and not again.trained
    assert json.loads(path.read_text())['metric'] == first.runs[0]['metric']
    assert not list(first.out.rglob('*.part'))


@pytest.mark.parametrize('name', ['bls_summary.json', f'epoch_{EPOCHS}.pth', 'last_checkpoint'])
def test_damaged_run_gives_one_sentence(grid_of, name):
    with Progress(disable=True) as progress:
        grid = grid_of()
        grid.train(METHODS[0], 0, progress)
        work_dir = grid.work_dir(METHODS[0], 0)
        (work_dir / name).write_text('')
        (work_dir / 'result.json').write_text('')
        with pytest.raises(SystemExit) as caught:
            grid_of().train(METHODS[0], 0, progress)
    assert '\n' not in str(caught.value)
    assert 'damaged' in str(caught.value) or 'is empty' in str(caught.value)


@pytest.mark.parametrize('content', ['', '{', '[1]', '{"epochs": null}', '{"epochs": 3}'])
def test_progress_of_a_damaged_summary_is_zero(tmp_path, content):
    assert grid_module.finished_epochs(tmp_path) == 0
    (tmp_path / 'bls_summary.json').write_text(content)
    assert grid_module.finished_epochs(tmp_path) == 0
