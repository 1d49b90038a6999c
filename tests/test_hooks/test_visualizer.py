import pytest
from mmengine.visualization import BaseVisBackend
from toy import train

from bls_mm.records import load_history


def visualizer(kind, **options):
    return dict(type='Visualizer', vis_backends=[dict(type=kind, **options)])


def test_tensorboard_gets_scalars_and_histograms(tmp_path):
    event_file = pytest.importorskip('tensorboard.backend.event_processing.event_file_loader')
    from tensorboard.util.tensor_util import make_ndarray

    runner, _, hook = train(tmp_path, visualizer=visualizer('TensorboardVisBackend'))
    runner.visualizer.close()
    scalars, histograms = {}, {}
    for path in tmp_path.rglob('events.out.tfevents.*'):
        for event in event_file.EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                kind = value.metadata.plugin_data.plugin_name
                found = histograms if kind == 'histograms' else scalars
                found.setdefault(value.tag, {})[event.step] = make_ndarray(value.tensor)
    steps = [record.iteration for record in load_history(tmp_path)]
    assert sorted(histograms) == ['bls/scores', 'bls/visits']
    assert sorted(histograms['bls/scores']) == steps
    counts = histograms['bls/visits'][steps[-1]][:, 2]  # left, right, count of each bucket
    assert counts.sum() == 42
    assert sorted(scalars['bls/turnover']) == steps[1:]
    last = scalars['bls/score_mean'][steps[-1]].item()
    assert last == pytest.approx(float(hook.sampler.scorer.scores.mean()), rel=1e-5)


def test_wandb_gets_scalars_and_histograms(tmp_path, monkeypatch):
    wandb = pytest.importorskip('wandb')
    monkeypatch.setenv('WANDB_SILENT', 'true')
    logged = {}
    log = wandb.Run.log

    def record(self, data, *args, **kwargs):
        logged.update(data)
        return log(self, data, *args, **kwargs)

    monkeypatch.setattr(wandb.Run, 'log', record)
    options = dict(init_kwargs=dict(mode='offline', project='toy', dir=str(tmp_path)))
    train(tmp_path, visualizer=visualizer('WandbVisBackend', **options))
    wandb.finish()
    assert isinstance(logged['bls/scores'], wandb.Histogram)
    assert sum(logged['bls/visits'].histogram) == 42
    assert 0 < logged['bls/turnover'] < 1
    assert list(tmp_path.rglob('*.wandb'))


def test_local_log_contains_only_what_mmengine_writes(tmp_path):
    train(tmp_path, max_epochs=3, visualizer=visualizer('LocalVisBackend'))
    lines = next(tmp_path.glob('*/vis_data/scalars.json')).read_text().splitlines()
    assert len(lines) == 3
    assert all('"loss"' in line and '/' not in line for line in lines)


class Backend(BaseVisBackend):
    """A backend of a user: it knows scalars only."""

    experiment = None
    seen = {}

    def _init_env(self):
        pass

    def add_scalars(self, scalars, step=0, *args, **kwargs):
        self.seen.update({(name, step): value for name, value in scalars.items()})


def test_other_backends_get_scalars_only(tmp_path):
    Backend.seen.clear()
    train(tmp_path, max_epochs=3, visualizer=visualizer(Backend))
    names = [name for name, _ in Backend.seen if name.startswith('bls/')]
    assert names.count('bls/turnover') == 2
    assert names.count('bls/kept_ratio') == 3
    assert 'bls/scores' not in names
    assert Backend.seen['bls/kept_ratio', 0] == 1  # as soon as the epoch is planned
