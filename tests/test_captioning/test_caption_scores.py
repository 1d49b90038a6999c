import pytest

pytest.importorskip('mmpretrain', reason='needs MMPretrain')
pytest.importorskip('transformers', reason='needs transformers')
pytest.importorskip('pycocoevalcap', reason='needs pycocoevalcap')

from mmpretrain.registry import METRICS
from tiny_language import CAPTIONS

import bls_mm.captioning  # noqa: F401  registers its parts


def score(predicted, expected):
    metric = METRICS.build(dict(type='CaptionScores'))
    samples = [dict(pred_caption=p, gt_caption=e) for p, e in zip(predicted, expected)]
    metric.process({}, samples[:1])
    metric.process({}, samples[1:])
    return metric.evaluate(len(samples))


def test_right_captions_score_best():
    scores = score([caption.upper() for caption in CAPTIONS], [[c, 'Else.'] for c in CAPTIONS])
    assert scores['caption/bleu4'] == pytest.approx(100)
    assert scores['caption/cider'] > 300
    shifted = score([*CAPTIONS[1:], CAPTIONS[0]], CAPTIONS)
    assert shifted['caption/bleu4'] < 20
    assert shifted['caption/cider'] < 50


def test_bleu_is_the_geometric_mean_of_the_precisions():
    scores = score(['a b c d e', 'a b c d e'], ['A b, c d f.', 'A b, c d f.'])
    expected = (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert scores['caption/bleu4'] == pytest.approx(100 * expected)
