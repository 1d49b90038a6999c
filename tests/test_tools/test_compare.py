"""The grid of methods and seeds, on runs of the toy model in this process."""

import json
import signal
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.runner import Runner
from rich.progress import Progress
from toy import ToyModel

from bls_mm.compat import allow_mmengine_checkpoints

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools'))

import compare

from bls_mm.analysis.comparison import parse_method

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


class HereGrid(compare.Grid):
    """Trains in this process, and remembers what it trained."""

    def __init__(self, *args, breaks_off=False, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.trained, self.breaks_off = [], breaks_off

    def _run(self, config, work_dir, look):
        self.trained.append(work_dir)
        cfg = Config.fromfile(config)
        cfg.update(work_dir=str(work_dir), resume=True, experiment_name=str(work_dir))
        if not self.breaks_off:
            Runner.from_cfg(cfg).train()
        look(compare._epochs_done(work_dir))
        return not self.breaks_off


@pytest.fixture
def grid_of(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'test_compare', sys.modules[__name__])
    allow_mmengine_checkpoints()

    def build(cfg=None, **options):
        return HereGrid(cfg or toy_config(), tmp_path / 'grid', 'mean_output', **options)

    return build


def test_a_grid_has_its_baselines_and_trains_nothing_twice(grid_of):
    grid = grid_of()
    compare.train_grid(grid, METHODS, seeds=[0, 1], same=1)
    runs = json.loads((grid.out / 'results.json').read_text())
    saved = {run['method']: run['pruned'] for run in runs}
    full, infobatch, random, fewer = saved  # in the order in which they were trained
    assert (full, infobatch) == ('NoPruning', 'InfoBatch(delta=1.0)')
    assert random.startswith('DynamicRandom') and fewer.startswith('FewerPasses')
    assert saved[full] == 0 and 0.1 < saved[infobatch] < 0.5
    for baseline in (random, fewer):
        assert abs(saved[baseline] - saved[infobatch]) < 0.03  # whole samples of 42
    assert [run['seed'] for run in runs] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert len({run['metric'] for run in runs}) == 8  # a metric that tells the runs apart
    assert (grid.out / 'table.md').read_text().count('\n') == 6

    again = grid_of()
    compare.train_grid(again, METHODS, seeds=[0, 1, 2], same=1)
    assert {path.name for path in again.trained} == {'seed2'}
    assert len(again.runs) == 12


def test_a_run_that_broke_off_is_named_and_trained_next_time(grid_of):
    with Progress(disable=True) as progress:
        broken = grid_of(breaks_off=True)
        broken.train(METHODS[0], 0, progress)
        assert broken.failed == [broken.work_dir(METHODS[0], 0)]
        assert broken.runs == []
        grid = grid_of()
        grid.train(METHODS[0], 0, progress)
        assert grid.trained == broken.failed and len(grid.runs) == 1


def test_what_is_named_twice_is_trained_and_counted_once(grid_of):
    twice = [*METHODS, *METHODS, parse_method('NoPruning')]
    grid = grid_of()
    compare.train_grid(grid, twice, seeds=[0, 0, 1], same=1)
    told = [(run['method'], run['seed']) for run in grid.runs]
    assert len(told) == len(set(told)) == len(grid.trained) == 8


def test_baselines_come_as_soon_as_a_method_has_run(grid_of):
    grid = grid_of(breaks_off=True)
    compare.train_grid(grid, METHODS, seeds=[0], same=1)
    assert len(grid.failed) == 2 and not (grid.out / 'table.md').exists()
    grid.breaks_off = False
    compare.train_grid(grid, METHODS, seeds=[1], same=1)
    assert len(grid.runs) == 4


@pytest.mark.parametrize(
    ('method', 'message'),
    [
        ('Seta', "pruner 'Seta' is not known; choose one of"),
        ('SeTa(prune_ratio=2)', 'prune_ratio must be a share between 0 and 1, but got 2'),
        ('SeTa(ratio=0.2)', 'ratio'),
        ('SeTa + BatchLossScorer(alpha=2)', r'alpha must be in \[0, 1\), but got 2'),
        ("SeTa(guards=[dict(type='Revist')])", "guard 'Revist' is not known"),
        ('missing.py', "there is no config file 'missing.py'"),
        ('unpruned.py', 'has no BLSSampler, which counts the samples seen; give its'),
    ],
)
def test_what_cannot_be_trained_is_told_before_anything_is(tmp_path, monkeypatch, method, message):
    monkeypatch.chdir(tmp_path)
    toy_config().dump('config.py')
    toy_config().dump('unpruned.py')
    monkeypatch.setattr(sys, 'argv', ['compare.py', 'config.py', '--methods', 'SeTa', method])
    with pytest.raises(SystemExit, match=message) as error:
        compare.main()
    assert '\n' not in str(error.value)
    assert not Path('work_dirs').exists()
    # Processes that later tests fork would inherit a handler, and might not end.
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_another_metric_is_read_from_finished_runs(grid_of):
    with Progress(disable=True) as progress:
        grid_of().train(METHODS[0], 0, progress)
        other = grid_of()
        other.metric = 'other'
        other.train(METHODS[0], 0, progress)
        assert other.runs[0]['metric'] == 1 and not other.trained
        other = grid_of()
        other.metric = 'mAP'
        with pytest.raises(SystemExit, match=r"no metric of .* ends with 'mAP': it has"):
            other.train(METHODS[0], 0, progress)


def test_the_last_line_of_the_log_tells_why_a_run_failed(tmp_path):
    (tmp_path / 'train.log').write_text('Traceback\nValueError: too small\n\n')
    assert compare._failure_of(tmp_path).endswith('of its train.log is: ValueError: too small')
    assert compare._failure_of(tmp_path / 'none').endswith('is: nothing')


def test_a_config_may_be_mended_before_its_run_began(grid_of):
    with Progress(disable=True) as progress:
        grid_of(breaks_off=True).train(METHODS[0], 0, progress)
        mended = grid_of(options={'optim_wrapper.optimizer.lr': 0.02})
        mended.train(METHODS[0], 0, progress)
        assert len(mended.runs) == 1


def test_a_run_of_another_config_is_not_taken_for_this_one(grid_of):
    with Progress(disable=True) as progress:
        grid_of().train(METHODS[0], 0, progress)
        other = grid_of(options={'optim_wrapper.optimizer.lr': 0.02})
        with pytest.raises(SystemExit, match='was trained with another config; delete it'):
            other.train(METHODS[0], 0, progress)
