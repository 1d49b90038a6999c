"""The log tools of MMDetection, MMPretrain and others read the log of a pruned run."""

import importlib.util
import json
import sys
from argparse import Namespace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from mmengine.evaluator import BaseMetric
from other_libraries import import_library
from toy import ToyData, build_plain_runner, build_runner, train

EPOCHS = 4


class Score(BaseMetric):
    """Reports a metric with a slash in its name, as most metrics have it."""

    def process(self, data_batch, data_samples):
        self.results.append(1)

    def compute_metrics(self, results):
        return {'toy/score': 0.5}


OPTIONS = dict(
    max_epochs=EPOCHS,
    default_hooks=dict(logger=dict(type='LoggerHook', interval=1)),
    val_dataloader=dict(
        dataset=ToyData(), batch_size=4, sampler=dict(type='DefaultSampler', shuffle=False)
    ),
    val_evaluator=dict(type=Score),
    val_cfg=dict(),
)


@pytest.fixture(scope='module')
def logs(tmp_path_factory):
    """The logs of an unpruned run and of a pruned one."""
    paths = []
    for build in build_plain_runner, build_runner:
        work_dir = tmp_path_factory.mktemp('run')
        runner = build(work_dir, pruner=dict(type='DynamicRandom', delta=0.5), **OPTIONS)
        runner.train()
        paths += map(str, work_dir.glob('*/vis_data/scalars.json'))
    return paths


def load_tool(package, monkeypatch):
    """Imports the script ``analyze_logs.py`` that a library is installed with."""
    library = import_library(package)
    if importlib.util.find_spec('seaborn') is None:  # only for the style of a figure
        seaborn = ModuleType('seaborn')
        seaborn.set_style = lambda style: None
        monkeypatch.setitem(sys.modules, 'seaborn', seaborn)
    pytest.importorskip('matplotlib', reason='needs matplotlib')
    path = Path(library.__file__).parent / '.mim' / 'tools' / 'analysis_tools' / 'analyze_logs.py'
    spec = importlib.util.spec_from_file_location(f'{package}_analyze_logs', path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


def names(path):
    return [set(json.loads(line)) for line in Path(path).read_text().splitlines()]


def test_log_has_the_lines_of_an_unpruned_run(logs):
    plain, pruned = map(names, logs)
    assert {frozenset(line) for line in pruned} == {frozenset(line) for line in plain}
    assert len(pruned) == 2 * 8 + 2 * 11 + EPOCHS


@pytest.mark.parametrize('package', ['mmdet', 'mmpose', 'mmaction'])
def test_tool_finds_the_loss_of_each_iteration(logs, package, monkeypatch):
    tool = load_tool(package, monkeypatch)
    for path in logs:
        (log,) = tool.load_json_logs([path])
        steps = [step for epoch in log.values() for step in epoch['step']]
        losses = [loss for epoch in log.values() for loss in epoch['loss']]
        lines = [json.loads(line) for line in Path(path).read_text().splitlines()]
        assert losses == [line['loss'] for line in lines if 'loss' in line]
        assert len([step for step in steps if step > 0]) >= len(losses)


def test_tool_of_mmsegmentation_finds_the_loss_of_each_iteration(logs, monkeypatch):
    tool = load_tool('mmseg', monkeypatch)
    (log,) = tool.load_json_logs([logs[1]])
    num_losses = sum('loss' in line for line in names(logs[1]))
    assert sum(len(line['loss']) for line in log.values()) == num_losses == 38


def test_tool_of_mmpretrain_finds_losses_and_metrics(logs, monkeypatch):
    tool = load_tool('mmpretrain', monkeypatch)
    log = tool.load_json_log(logs[1])
    assert [set(line) for line in log['val']] == [set(log['val'][0])] * EPOCHS
    assert len(log['train']) == 38
    assert all('loss' in line for line in log['train'])


# The tool of MMAction2 1.2.0 plots no log of MMEngine.
@pytest.mark.parametrize('package', ['mmdet', 'mmpretrain', 'mmseg', 'mmpose'])
def test_tool_plots_the_loss(logs, package, monkeypatch, tmp_path):
    tool = load_tool(package, monkeypatch)
    import matplotlib

    matplotlib.use('agg')
    arguments = Namespace(
        json_logs=logs,
        keys=['loss'],
        legend=None,
        title=None,
        backend='agg',
        style='dark',
        out=str(tmp_path / 'loss.png'),
        eval_interval='1',
        window_size='4*3',
    )
    load = getattr(tool, 'load_json_logs', None)
    read = load(logs) if load else [tool.load_json_log(path) for path in logs]
    tool.plot_curve(read, arguments)
    assert (tmp_path / 'loss.png').stat().st_size > 1000


def test_numbers_of_version_0_1_leave_the_log_of_a_resumed_run(tmp_path):
    train(tmp_path / 'whole', max_epochs=2)
    checkpoint = str(tmp_path / 'whole' / 'epoch_1.pth')
    runner = build_runner(tmp_path / 'on', load_from=checkpoint, resume=True, **OPTIONS)
    runner.load_or_resume()
    runner.message_hub.update_scalar('train/bls/kept_ratio', np.float64(1))
    runner.train()
    (log,) = (tmp_path / 'on').glob('*/vis_data/scalars.json')
    assert not any(name.startswith('bls/') for line in names(log) for name in line)
