"""A config trains and validates on a dozen captions and images."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_language import CAPTIONS, NOUNS

pytest.importorskip('mmpretrain', reason='needs MMPretrain')
pytest.importorskip('transformers', reason='needs transformers')
pytest.importorskip('pycocoevalcap', reason='needs pycocoevalcap')

from mmengine.config import Config
from mmengine.runner import Runner

CONFIGS = Path(__file__).parents[2] / 'configs' / 'captioning'


@pytest.fixture
def coco(tmp_path):
    """A folder like ``data/coco``, with five captions of each image to validate on."""
    annotations = tmp_path / 'annotations'
    annotations.mkdir()
    train = [dict(image=f'{i}.jpg', caption=caption) for i, caption in enumerate(CAPTIONS)]
    (annotations / 'coco_karpathy_train.json').write_text(json.dumps(train))
    val = [dict(image=f'val_{i}.jpg', caption=list(CAPTIONS[i : i + 5])) for i in range(4)]
    (annotations / 'coco_karpathy_val.json').write_text(json.dumps(val))
    rng = np.random.default_rng(0)
    for entry in val:
        image = rng.integers(0, 256, (240, 300, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / entry['image']), image)
    return tmp_path


@pytest.mark.parametrize('method', ['infobatch', 'bls-seta'])
def test_a_run_validates_and_keeps_the_best_checkpoint(method, coco, language, tmp_path):
    cfg = Config.fromfile(CONFIGS / f'viecap_{method}_1xb80-15e_coco.py')
    cfg.model.update(language)
    cfg.model.mapping.num_layers = 2
    cfg.model.entities.vocabulary = NOUNS
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.data_root = str(coco)
        loader.update(batch_size=4, num_workers=0, persistent_workers=False)
    cfg.train_dataloader.dataset.nouns = NOUNS
    cfg.optim_wrapper = dict(optimizer=cfg.optim_wrapper.optimizer)  # mixed precision needs a GPU
    cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None  # COCOCaption needs Java
    cfg.train_cfg.max_epochs = 2
    cfg.merge_from_dict(
        dict(work_dir=str(tmp_path / 'run'), experiment_name=f'captioning_{method}')
    )
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.message_hub.get_scalar('val/caption/cider').current() >= 0
    assert list((tmp_path / 'run').glob('best_caption_cider_*.pth'))
    assert runner.train_dataloader.sampler.scorer.visits.min() > 0
