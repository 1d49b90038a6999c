import numpy as np
import pytest

pytest.importorskip('mmdet')
pytest.importorskip('mmpretrain')

from bls_mm.analysis.pictures import Pictures


@pytest.mark.parametrize(
    ('task', 'sources'),
    [
        ('textrecog', ['printed', 'scene']),
        ('textdet', ['OCRDataset']),
        ('detection', ['CocoDataset']),
        ('mosaic', ['MultiImageMixDataset']),
        ('classification', ['ImageNet']),
    ],
)
def test_describes_and_paints_samples_of_all_tasks(config_of, task, sources):
    pictures = Pictures(config_of(task))
    assert pictures.sources == sources
    described = [pictures.describe(index) for index in range(len(pictures))]
    assert {sample.source for sample in described} == set(sources)
    assert any(sample.classes for sample in described) or task == 'textdet'
    image = pictures.paint(0)
    assert image.dtype == np.uint8
    assert image.ndim == image.shape[2] == 3
    assert len({pictures.paint(index).tobytes() for index in range(4)}) == 4


def test_a_config_needs_no_visualizer(config_of):
    config = config_of('classification')
    config.pop('visualizer')
    assert Pictures(config).paint(0).ndim == 3


def test_paint_draws_annotations(config_of):
    pictures = Pictures(config_of('detection'))
    painted = pictures.paint(0)
    instances = pictures.dataset.get_data_info(0)['instances']
    pictures.dataset.get_data_info = lambda index: dict(
        Pictures(config_of('detection')).dataset.get_data_info(index), instances=[]
    )
    assert instances
    assert not np.array_equal(painted, pictures.paint(0))


def test_describe_returns_text_of_word(config_of):
    pictures = Pictures(config_of('textrecog'))
    sample = pictures.describe(7)
    text = pictures.dataset.get_data_info(7)['instances'][0]['text']
    assert (sample.text, sample.classes) == (text, [f'{len(text)} characters'])
    assert sample.source == 'scene'
    assert sample.path.endswith('.png')
