"""Fixtures: configs of the libraries on 12 images, and a run on 12 words."""

import sys
from pathlib import Path

import pytest
from other_libraries import need_library
from toy import train

from bls_mm.config import load_config

ROOT = Path(__file__).parents[1]

MMLAB = dict(
    textrecog=str(ROOT / 'configs/demo/crnn-slim_bls-infobatch_6e_short-words.py'),
    textdet='mmocr::textdet/dbnet/dbnet_resnet18_fpnc_1200e_icdar2015.py',
    detection='mmdet::retinanet/retinanet_r50_fpn_1x_coco.py',
    mosaic='mmdet::yolox/yolox_s_8xb8-300e_coco.py',
    classification='mmpretrain::resnet/resnet18_8xb32_in1k.py',
)


@pytest.fixture(scope='session')
def config_of(tmp_path_factory):
    """A function that loads a config of a library and replaces its training set with 12 images."""
    sys.path.insert(0, str(ROOT / 'tests' / 'test_configs'))
    from stand_in_data import replace_data

    folder = tmp_path_factory.mktemp('data')

    def load(task: str):
        need_library('mmocr' if task == 'textrecog' else MMLAB[task])
        config = load_config(MMLAB[task])
        replace_data(config.train_dataloader.dataset, folder / task)
        return config

    return load


@pytest.fixture(scope='session')
def words_run(config_of, tmp_path_factory):
    """The work dir of a run on 12 words of two sets."""
    work_dir = tmp_path_factory.mktemp('words_run')
    train(work_dir, num=12, max_epochs=8, pruner=dict(type='SeTa', prune_ratio=0.3), batch_size=2,
          default_hooks=dict(logger=dict(type='LoggerHook', interval=1)))  # fmt: skip
    for dumped in (*work_dir.glob('*.py'), *work_dir.glob('*/vis_data/config.py')):
        dumped.unlink()
    config_of('textrecog').dump(work_dir / 'config.py')
    return work_dir
