"""A data set of captions without images."""

from typing import Iterator, List, Optional, Sequence, Union

import mmengine
from mmengine.dataset import BaseDataset
from mmpretrain.registry import DATASETS

from .caption_files import as_sentence, read_captions
from .entities import clean_entities, find_nouns


@DATASETS.register_module()
class CaptionTexts(BaseDataset):
    """Captions with their entities, for training on text alone. A sample is one caption.

    The file is in any form of :func:`bls_mm.captioning.caption_files.read_captions`: ToCa, SS1M,
    COCO captions, or what ViECap makes of them. A pipeline finds ``gt_caption`` (str) and
    ``entities`` (list[str]).

    Args:
        ann_file (str): The file, below ``data_root``.
        nouns (str or sequence[str], optional): Words that may be entities, or a JSON file with a
            list or dict of them. If the file of captions does not name entities, these words are
            looked for in the captions. Defaults to None, all entities that the file names.
        max_entities (int): Number of entities of a caption that are used. Defaults to 10.
        **kwargs: Options of MMEngine's ``BaseDataset``.

    Raises:
        ValueError: If a caption has no entities and ``nouns`` is not given.
    """

    def __init__(
        self,
        ann_file: str,
        nouns: Union[str, Sequence[str], None] = None,
        max_entities: int = 10,
        **kwargs,
    ) -> None:
        nouns = mmengine.load(nouns) if isinstance(nouns, str) else nouns
        self.nouns = None if nouns is None else frozenset(nouns)
        self.max_entities = max_entities
        super().__init__(ann_file=ann_file, **kwargs)

    def load_data_list(self) -> List[dict]:
        return list(self._samples())

    def _samples(self) -> Iterator[dict]:
        for text, entities in read_captions(self.ann_file):
            if not text.strip():
                continue
            yield dict(gt_caption=as_sentence(text), entities=self._entities_of(text, entities))

    def _entities_of(self, text: str, entities: Optional[List[str]]) -> List[str]:
        if entities is None:
            if self.nouns is None:
                raise ValueError(
                    f'{self.ann_file} does not name the entities of its captions; give '
                    'CaptionTexts(nouns=...) a list of nouns, or a JSON file with one'
                )
            entities = find_nouns(text, self.nouns)
        return clean_entities(entities, self.nouns, self.max_entities)
