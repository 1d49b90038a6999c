"""BLEU-4 and CIDEr of captions."""

import re
from typing import Dict, List, Sequence

from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider


@METRICS.register_module()
class CaptionScores(BaseMetric):
    """BLEU-4 and CIDEr in percent, by pycocoevalcap's own scorers, without Java or a download.

    Captions are lower-cased and split into words here. The published protocol splits them with
    Stanford's tokenizer: use MMPretrain's ``COCOCaption`` for figures that you compare to a paper.

    The data samples must have ``pred_caption`` and, as ``gt_caption``, the reference or a list of
    them.
    """

    default_prefix = 'caption'

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        for sample in data_samples:
            references = sample['gt_caption']
            references = [references] if isinstance(references, str) else references
            self.results.append((sample['pred_caption'], list(references)))

    def compute_metrics(self, results: List[tuple]) -> Dict[str, float]:
        predicted = {i: [_words(caption)] for i, (caption, _) in enumerate(results)}
        expected = {i: list(map(_words, captions)) for i, (_, captions) in enumerate(results)}
        bleu, _ = Bleu(4).compute_score(expected, predicted, verbose=0)
        cider, _ = Cider().compute_score(expected, predicted)
        return dict(bleu4=100 * bleu[3], cider=100 * float(cider))


def _words(caption: str) -> str:
    return ' '.join(re.findall(r"[\w']+", caption.lower()))
