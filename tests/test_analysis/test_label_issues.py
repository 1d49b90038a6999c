import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseDataPreprocessor
from mmengine.registry import MODELS
from mmengine.runner import Runner
from toy import ToyModel

from bls_mm.analysis.label_issues import losses_of_checkpoint, order_of, recall_curve
from bls_mm.analysis.pictures import Pictures
from bls_mm.analysis.sample_info import data_info
from bls_mm.compat import import_library
from bls_mm.config import attach_bls, load_config

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'analysis'))

from swap_labels import swap_labels

ROOT = Path(__file__).parents[2]


def test_recall_of_perfect_and_reversed_ranking():
    truth = np.arange(100) >= 95
    inspected, recall = recall_curve(np.arange(100.0), truth)
    assert np.interp([0, 0.04, 0.05, 1], inspected, recall).tolist() == [0, 0.8, 1, 1]
    assert np.interp(0.95, inspected, recall_curve(-np.arange(100.0), truth)[1]) == 0


def test_equal_values_rank_at_random():
    truth = np.arange(1000) < 100  # all at the start
    inspected, recall = recall_curve(np.zeros(1000), truth)
    np.testing.assert_allclose(recall, inspected, atol=0.1)


def test_unscored_samples_come_last():
    assert order_of(np.array([1, np.nan, 3, -5])).tolist() == [2, 0, 3, 1]


@pytest.mark.parametrize('fraction', [0.0, 0.05, 0.5])
def test_swapped_labels_come_from_other_samples_and_are_marked(fraction):
    samples = [dict(img_path=f'{i}.png', instances=[dict(text=f'word{i}')]) for i in range(200)]
    swapped = swap_labels(samples, fraction, np.random.default_rng(0))
    changed = [old['instances'] != new['instances'] for old, new in zip(samples, swapped)]
    assert sum(changed) == round(fraction * 200)
    assert changed == [new.get('swapped', False) for new in swapped]
    texts = [[s['instances'][0]['text'] for s in some] for some in (samples, swapped)]
    assert sorted(texts[0]) == sorted(texts[1])


@pytest.mark.slow
def test_finds_swapped_labels_of_words(tmp_path):
    pytest.importorskip('mmdet')
    words = tmp_path / 'words'
    make = [sys.executable, 'tools/data/make_words.py', '--out', words, '--train', '2000']
    subprocess.run([*make, '--test', '2'], cwd=ROOT, check=True)
    annotations = [str(path) for path in words.glob('*/textrecog_train.json')]
    swap = [sys.executable, 'tools/analysis/swap_labels.py', *annotations]
    subprocess.run(swap, cwd=ROOT, check=True)
    import_library('mmocr')
    cfg = attach_bls(
        load_config(str(ROOT / 'configs/study/crnn-tiny_10e_words-2k.py')), 'InfoBatch'
    )
    for dataset in cfg.train_dataloader.dataset.datasets:
        dataset.data_root = dataset.data_root.replace('data/words', str(words))
        dataset.ann_file = 'textrecog_train_swapped.json'
    cfg.update(work_dir=str(tmp_path / 'run'), val_cfg=None, log_level='WARNING')
    cfg.update(val_dataloader=None, val_evaluator=None)
    cfg.update(test_cfg=None, test_dataloader=None, test_evaluator=None)
    Runner.from_cfg(cfg).train()

    checkpoint = str(tmp_path / 'run' / 'epoch_10.pth')
    pictures = Pictures(cfg)
    losses = losses_of_checkpoint(checkpoint, cfg, pictures)
    infos = [data_info(pictures.dataset, index) for index in range(2000)]
    truth = np.array([info.get('swapped', False) for info in infos])
    assert truth.sum() == 100
    assert np.interp(0.1, *recall_curve(losses, truth)) >= 0.5


class WeightedModel(ToyModel):
    """Needs the data preprocessor of its run, and returns two losses."""

    def __init__(self, data_preprocessor=None):
        super().__init__()
        self.data_preprocessor = MODELS.build(data_preprocessor)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        assert mode == 'loss' and torch.is_tensor(inputs)
        mean = self.data_preprocessor.factor * inputs.mean()
        return dict(loss_a=mean, loss_b=10 * mean)


class Doubling(BaseDataPreprocessor):
    factor = 2


def test_losses_are_those_that_the_run_scored(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'label_models', sys.modules[__name__])
    cfg = Config(
        dict(
            model=dict(type='label_models.WeightedModel'),
            data_preprocessor=dict(type='label_models.Doubling'),
            train_dataloader=dict(
                dataset=dict(type='toy.ToyData', length=6),
                collate_fn=dict(type='default_collate'),
            ),
            custom_hooks=[dict(type='bls_mm.BLSHook', components=dict(loss_a=1.0))],
        )
    )
    model = MODELS.build(dict(cfg.model, data_preprocessor=cfg.data_preprocessor))
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'epoch_1.pth')
    pictures = Pictures(cfg)
    losses = losses_of_checkpoint(str(tmp_path / 'epoch_1.pth'), cfg, pictures)
    inputs = [pictures.dataset[index]['inputs'].mean() for index in range(6)]
    np.testing.assert_allclose(losses, 2 * np.array(inputs), rtol=1e-5)
