import numpy as np
import pytest

pytest.importorskip('mmpretrain', reason='needs MMPretrain')
pytest.importorskip('transformers', reason='needs transformers')
pytest.importorskip('pycocoevalcap', reason='needs pycocoevalcap')

from bls_mm.captioning import MaskEntities
from bls_mm.captioning.entities import clean_entities, find_nouns, hard_prompt


def test_nouns_are_found_in_singular_and_plural():
    nouns = {'dog', 'box', 'bus', 'glass'}
    caption = 'Dogs, boxes and a bus: the men see glass in her hands.'
    assert find_nouns(caption, nouns) == ['dog', 'box', 'bus', 'men', 'glass']


def test_people_become_one_person():
    assert clean_entities(['man', 'dog', 'woman', 'cat']) == ['person', 'dog', 'cat']
    assert clean_entities(['man', 'dog', 'cat'], nouns={'cat'}) == ['person', 'cat']


def test_hard_prompt():
    assert hard_prompt(['person', 'dog']) == 'There are person, dog in image.'
    assert hard_prompt([]) == 'There are something in image.'


@pytest.mark.parametrize(('prob', 'fraction'), [(0, 1), (0.4, 0.6), (1, 0)])
def test_mask_leaves_out_a_fraction(prob, fraction):
    np.random.seed(0)
    results = dict(gt_caption='A.', entities=['dog', 'cat', 'bus'])
    masked = [MaskEntities(prob)(results)['entities'] for _ in range(1000)]
    assert np.mean(list(map(len, masked))) / 3 == pytest.approx(fraction, abs=0.03)
    assert len(results['entities']) == 3
    orders = {tuple(entities) for entities in masked if len(entities) == 3}
    assert len(orders) == (6 if prob < 1 else 0)
