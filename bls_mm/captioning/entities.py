"""The entities of a caption: the nouns that the hard prompt names."""

import re
from typing import Collection, Iterable, List, Optional

import numpy as np
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS

#: All of them become "person".
PEOPLE = {
    *('adult', 'baby', 'boy', 'child', 'children', 'female', 'girl', 'guy', 'kid', 'lady', 'male'),
    *('man', 'men', 'people', 'person', 'player', 'woman', 'women', 'worker'),
}


def find_nouns(caption: str, nouns: Collection[str]) -> List[str]:
    """Returns the words of a caption that are nouns or people, plurals in the singular."""
    words = re.findall('[a-z]+', caption.lower())
    forms = ((word, word[:-1], word[:-2]) if word.endswith('s') else (word,) for word in words)
    found = (next((f for f in same if f in nouns or f in PEOPLE), None) for same in forms)
    return [noun for noun in found if noun is not None]


def clean_entities(
    entities: Iterable[str], nouns: Optional[Collection[str]] = None, max_entities: int = 10
) -> List[str]:
    """Returns the entities that are nouns, each once, with "person" for all kinds of people.

    Args:
        entities (iterable[str]): Entities of a caption.
        nouns (collection[str], optional): Words that may be entities. Defaults to None, all.
        max_entities (int): Number of entities that are looked at. Defaults to 10.
    """
    chosen = (
        'person' if entity in PEOPLE else entity
        for entity in list(entities)[:max_entities]
        if nouns is None or entity in PEOPLE or entity in nouns
    )
    return list(dict.fromkeys(chosen))


def hard_prompt(entities: Iterable[str]) -> str:
    """Returns the sentence that names the entities to the language model."""
    return f'There are {", ".join(entities) or "something"} in image.'


@TRANSFORMS.register_module()
class MaskEntities(BaseTransform):
    """Leaves out each entity with a probability, and shuffles the others.

    So the model learns to do without entities that are not recognised.

    Modified key: ``entities``.

    Args:
        prob (float): Probability of leaving out an entity. Defaults to 0.4, as in the paper.
    """

    def __init__(self, prob: float = 0.4) -> None:
        self.prob = prob

    def transform(self, results: dict) -> dict:
        kept = [entity for entity in results['entities'] if np.random.random() >= self.prob]
        order = np.random.permutation(len(kept))
        return {**results, 'entities': [kept[position] for position in order]}
