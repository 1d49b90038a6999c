"""An MMOCR run: the model of the demo on two sets of rendered words, with two workers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from toy import find_hook

from bls_mm.compat import import_library

ROOT = Path(__file__).parents[1]


class Record(Hook):
    """Keeps the files and the logged loss of each iteration."""

    priority = 45

    def __init__(self) -> None:
        self.files, self.losses = [], []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.files.append([sample.img_path for sample in data_batch['data_samples']])

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.losses.append(outputs['loss'].item())


@pytest.fixture(scope='module')
def words(tmp_path_factory):
    folder = tmp_path_factory.mktemp('words')
    command = [sys.executable, 'tools/data/make_words.py', '--out', str(folder / 'words')]
    subprocess.run([*command, '--train', '60', '--test', '8'], cwd=ROOT, check=True)
    return folder / 'words'


def load(name, words, work_dir):
    cfg = Config.fromfile(ROOT / 'configs' / 'demo' / name)
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        for dataset in loader.dataset.datasets:
            dataset.data_root = dataset.data_root.replace('data/short_words', str(words))
    cfg.work_dir = str(work_dir)
    cfg.train_dataloader.update(batch_size=4, num_workers=2, persistent_workers=True)
    cfg.train_cfg.update(max_epochs=4, val_interval=4)
    cfg.log_level = 'WARNING'
    return cfg


@pytest.mark.slow
@pytest.mark.parametrize('pruner', ['infobatch', 'seta'])  # ResidualScorer, BatchLossScorer
def test_scores_equal_a_replay_of_an_independent_record(words, tmp_path, pruner):
    import_library('mmocr')
    cfg = load(f'crnn-slim_bls-{pruner}_6e_short-words.py', words, tmp_path)
    runner, record = Runner.from_cfg(cfg), Record()
    runner.register_hook(record)
    runner.train()

    dataset = runner.train_dataloader.dataset
    assert type(dataset).__name__ == 'ConcatDataset'
    index_of = {dataset.get_data_info(i)['img_path']: i for i in range(len(dataset))}
    assert len(index_of) == 60
    # A scorer of the same kind gets one batch after the other.
    used = find_hook(runner).sampler.scorer
    scorer = type(used)(60)
    for files, loss in zip(record.files, record.losses):
        scorer.update([index_of[file] for file in files], loss)
    torch.testing.assert_close(used.scores, scorer.scores)
    assert used.scores.unique().numel() > 10

    summary = json.loads((tmp_path / 'bls_summary.json').read_text())
    assert summary['samples_seen'] == sum(map(len, record.files)) < 240
    assert summary['replaced_samples'] == 0 < summary['checked_samples']
