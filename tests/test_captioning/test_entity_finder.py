import json

import pytest
import torch
from torch.nn.functional import normalize

pytest.importorskip('mmpretrain', reason='needs MMPretrain')
pytest.importorskip('transformers', reason='needs transformers')
pytest.importorskip('pycocoevalcap', reason='needs pycocoevalcap')

from bls_mm.captioning.entity_finder import EntityFinder

NAMES = ['dog', 'cat', 'bus']


def embed(texts):
    """Each name has its own direction, whatever the template."""
    return torch.tensor([[float(name in text) for name in NAMES] for text in texts])


def image(*weights):
    return normalize(torch.tensor([weights]), dim=-1)


def test_likely_entities_are_found_best_first():
    find = EntityFinder(embed, NAMES, threshold=0.2)
    assert find(image(0.0, 1.0, 0.0)) == [['cat']]
    assert find(image(1.0, 0.0, 0.999)) == [['dog', 'bus']]


def test_threshold_and_top_k_limit_them():
    assert EntityFinder(embed, NAMES, threshold=0.4)(image(1.0, 1.0, 1.0)) == [[]]
    assert len(EntityFinder(embed, NAMES, threshold=0.3)(image(1.0, 1.0, 1.0))[0]) == 3
    find = EntityFinder(embed, NAMES, threshold=0.1, temperature=1.0, top_k=1)
    assert find(torch.cat([image(1.0, 0.0, 0.0), image(0.0, 0.0, 1.0)])) == [['dog'], ['bus']]


def test_vocabulary_from_a_file(tmp_path):
    path = tmp_path / 'names.json'
    path.write_text(json.dumps(dict(zip(NAMES, range(3)))))
    assert EntityFinder(embed, str(path))(image(0.0, 0.0, 1.0)) == [['bus']]


def test_without_a_vocabulary_no_image_has_entities():
    assert EntityFinder(embed)(image(1.0, 1.0, 1.0)) == [[]]
