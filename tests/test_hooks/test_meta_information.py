"""Runs resume whose data set has meta information of other types than numbers and text."""

from pathlib import Path

import numpy as np
from mmengine.config import ConfigDict
from toy import ToyData, assert_same_scores, train


class Described(ToyData):
    metainfo = dict(
        classes=tuple(np.array(['cat', 'dog'])),
        names=np.array(['cat', 'dog']),
        sigmas=np.array([0.5, 1.5], dtype=np.float16),
        palette=np.arange(6, dtype=np.int16).reshape(2, 3),
        num=np.int16(2),
        root=Path('data/toy'),
        keypoints=ConfigDict(left=dict(id=0)),
    )


def test_meta_information_of_other_types_resumes(tmp_path):
    loader = dict(dataset=Described())
    _, whole, hook = train(tmp_path / 'whole', max_epochs=4, loader=loader)
    checkpoint = str(tmp_path / 'whole' / 'epoch_2.pth')
    options = dict(load_from=checkpoint, resume=True, max_epochs=4)
    _, resumed, resumed_hook = train(tmp_path / 'on', loader=dict(dataset=Described()), **options)
    assert resumed.losses == whole.losses[-len(resumed.losses) :]
    assert_same_scores(resumed_hook.sampler.scorer, hook.sampler.scorer)
