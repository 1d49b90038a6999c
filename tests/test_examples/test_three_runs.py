"""The examples that compare three runs: what they print, and that each loss reaches its sample."""

import functools
import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from bls_mm import PrunedLoader

FOLDER = Path(__file__).parents[2] / 'examples'
NEEDS = dict(
    diffusion='diffusers', hugging_face_trainer='transformers', lightning_module='pytorch_lightning'
)
# Number of epochs, and a metric that is much better than without training.
BETTER = dict(
    vae=(10, lambda loss: loss < 35),  # 44.4
    diffusion=(2, lambda loss: loss < 0.6),  # 1
    fixmatch=(8, lambda percent: percent > 40),  # 10
    hugging_face_trainer=(4, lambda percent: percent > 16),  # 10
    lightning_module=(2, lambda percent: percent > 50),  # 10
)
NUM = 480


@pytest.fixture(params=sorted(BETTER))
def example(request, monkeypatch):
    """Returns an example, which trains on fewer samples."""
    pytest.importorskip('sklearn')
    pytest.importorskip(NEEDS.get(request.param, 'sklearn'))
    monkeypatch.syspath_prepend(FOLDER)
    module = importlib.import_module(request.param)
    load = module.load
    if request.param == 'hugging_face_trainer':
        samples, test_samples = (part[::8][:NUM] for part in load())
        monkeypatch.setattr(module, 'load', lambda: (samples, test_samples))
    else:
        sizes = dict(train=NUM, test=150)
        monkeypatch.setattr(
            module, 'load', lambda split: TensorDataset(*load(split)[: sizes[split]])
        )
    return module


def test_example_compares_three_runs(example, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    epochs, is_better = BETTER[example.__name__]
    pruners = ['full', 'random', 'auto']
    monkeypatch.setattr(sys, 'argv', ['x', '--epochs', str(epochs), '--pruners', *pruners])
    example.main()
    lines = capsys.readouterr().out.splitlines()
    numbers = [
        [float(number.replace(',', '')) for number in re.findall(r'\d[\d.,]*', line)]
        for line in lines
    ]
    assert [line.split()[0] for line in lines] == pruners
    samples, pruned, metric = zip(*numbers)
    assert samples[0] == NUM * epochs
    assert abs(samples[1] - samples[2]) <= epochs  # a sample may come twice in an epoch
    assert pruned[0] == 0
    assert pruned[1] == pytest.approx(30, abs=1)
    assert all(is_better(value) for value in metric), metric


class Recorded(PrunedLoader):
    """Scores by the loss of each sample, and records the scores of each epoch."""

    def __init__(self, *args, **options):
        super().__init__(*args, **{**options, 'scorer': dict(type='SampleLossScorer')})
        self.scores = []

    def set_epoch(self, epoch):
        super().set_epoch(epoch)
        self.scores.append(self.bls.scorer.scores.numpy().copy())


def test_each_loss_reaches_its_sample(example, monkeypatch, tmp_path):
    """A model that does not learn gives a sample the same loss in each epoch, in other batches."""
    monkeypatch.chdir(tmp_path)
    for optimizer in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW):
        monkeypatch.setattr(optimizer, 'step', lambda self, closure=None: closure and closure())
    monkeypatch.setattr(torch.nn.Dropout, 'forward', lambda self, values: values)
    for random in ('randn', 'randn_like', 'randint'):
        constant = functools.partial(without_randomness, getattr(torch, random))
        monkeypatch.setattr(torch, random, constant)
    monkeypatch.setattr(example, 'CONFIDENT', 0, raising=False)
    monkeypatch.setattr(example, 'PrunedLoader', Recorded)
    loader, _ = example.train(dict(type='NoPruning'), 3)
    first, second = loader.scores[-2:]
    assert np.abs(first - second).max() < 0.01 * first.std()


def without_randomness(function, *args, **options):
    values = function(*args, **options)
    return torch.full_like(values, 3) if values.dtype == torch.int64 else torch.zeros_like(values)


@pytest.mark.parametrize('num_workers', [0, 1])
def test_lightning_run_resumes_after_an_epoch(num_workers, monkeypatch, tmp_path):
    lightning = pytest.importorskip('pytorch_lightning')
    pytest.importorskip('sklearn')
    monkeypatch.syspath_prepend(FOLDER)
    example = importlib.import_module('lightning_module')
    load = example.load
    monkeypatch.setattr(example, 'load', lambda split: TensorDataset(*load(split)[:NUM]))
    loader = functools.partial(PrunedLoader, num_workers=num_workers)
    monkeypatch.setattr(example, 'PrunedLoader', loader)

    class Save(lightning.Callback):
        def on_train_epoch_end(self, trainer, module):
            trainer.save_checkpoint(tmp_path / f'{trainer.current_epoch}.ckpt')

    whole, resumed = (example.Digits(dict(type='auto')) for _ in range(2))
    options = {**example.OPTIONS, 'max_epochs': 4}
    lightning.Trainer(callbacks=[Save()], **options).fit(whole)
    lightning.Trainer(**options).fit(resumed, ckpt_path=tmp_path / '1.ckpt')
    for one, other in zip(whole.parameters(), resumed.parameters()):
        assert torch.equal(one, other)
    scorers = []
    for module in (whole, resumed):
        module.loader.bls.sync()
        scorers.append(module.loader.bls.scorer)
    assert torch.equal(scorers[0].visits, scorers[1].visits)
    assert torch.equal(scorers[0].scores, scorers[1].scores)
    assert scorers[0].visits.sum() < 4 * NUM
