"""Every config trains, prunes, and scores the right samples by the minimised loss.

New configs in ``configs/`` are tested automatically.
"""

import pytest
from checks import check_hooks, check_run
from config_files import find_configs, name_of, upstream_of
from mmengine.config import Config
from other_libraries import import_library
from runs import make_small, train

SLOW = ('detection', 'segmentation', 'textrecog', 'yolo')  # folders of large models


def cases():
    for path in find_configs():
        marks = [pytest.mark.slow] if path.parent.name in SLOW else []
        yield pytest.param(path, id=name_of(path), marks=marks)


@pytest.mark.parametrize('path', cases())
def test_config(path, data, tmp_path, record_property):
    if path.parent.name == 'captioning':
        pytest.importorskip('transformers', reason='needs transformers')
    for name in upstream_of(path):
        import_library(name.partition('::')[0])
    cfg = make_small(Config.fromfile(path), data, tmp_path)
    witness = train(cfg)
    record_property('components', len(witness.components))
    check_run(witness, cfg.train_dataloader.sampler)
    check_hooks(witness, path)
