import json
import pickle

import pytest

pytest.importorskip('mmpretrain', reason='needs MMPretrain')
pytest.importorskip('transformers', reason='needs transformers')
pytest.importorskip('pycocoevalcap', reason='needs pycocoevalcap')

from mmengine.registry import DefaultScope
from mmpretrain.registry import DATASETS
from tiny_language import CAPTIONS, NOUNS

import bls_mm.captioning  # noqa: F401  registers its parts


def build(path, **options):
    cfg = dict(type='CaptionTexts', data_root=str(path.parent), ann_file=path.name, **options)
    return DATASETS.build(cfg)


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / 'captions.json'
    path.write_text(json.dumps(['', *CAPTIONS]))
    return path


@pytest.fixture
def with_entities(tmp_path):
    path = tmp_path / 'captions.pickle'
    path.write_bytes(
        pickle.dumps([[['man', 'horse', 'sea', 'man'], 'a man on a horse by the sea']])
    )
    return path


def test_a_sample_is_a_caption_with_its_entities(plain):
    dataset = build(plain, nouns=NOUNS)
    assert len(dataset) == len(CAPTIONS)  # the empty one is left out
    assert dataset[1] == dict(
        gt_caption='Two dogs play with a red ball in a park.',
        entities=['dog', 'ball', 'park'],
        sample_idx=1,
    )


def test_the_entities_of_the_file_are_used(with_entities):
    assert build(with_entities)[0]['entities'] == ['person', 'horse', 'sea']
    assert build(with_entities, nouns=NOUNS)[0]['entities'] == ['person', 'horse']
    assert build(with_entities, max_entities=1)[0]['entities'] == ['person']


def test_nouns_may_come_from_a_file(plain, tmp_path):
    nouns = tmp_path / 'nouns.json'
    nouns.write_text(json.dumps({'park': 1, 'ball': 2}))
    assert build(plain, nouns=str(nouns))[1]['entities'] == ['ball', 'park']


def test_captions_without_entities_need_nouns(plain):
    with pytest.raises(ValueError, match=r'does not name the entities.*CaptionTexts\(nouns='):
        build(plain)


def test_the_pipeline_packs_text_only(plain):
    pack = dict(type='PackInputs', algorithm_keys=['gt_caption', 'entities'])
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        dataset = build(plain, nouns=NOUNS, pipeline=[dict(type='MaskEntities', prob=0), pack])
    packed = dataset[1]
    assert packed.keys() == {'data_samples'}
    assert packed['data_samples'].gt_caption == CAPTIONS[1]
    assert sorted(packed['data_samples'].entities) == ['ball', 'dog', 'park']
    assert packed['data_samples'].sample_idx == 1
