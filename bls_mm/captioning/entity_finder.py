"""Finds entities in images by their CLIP embeddings."""

from typing import Callable, List, Optional, Sequence, Union

import mmengine
import torch
from mmpretrain.models.multimodal.clip.utils import OPENAI_IMAGENET_PROMPT_SUB
from torch.nn.functional import normalize

CHUNK = 512  # number of texts that are embedded at once


class EntityFinder:
    """Compares images with the names of entities, as CLIP's zero-shot classification does.

    The embedding of a name is the mean over CLIP's seven templates such as "art of the {}.".

    Args:
        embed (Callable): Returns the normalised ``(B, C)`` embeddings of B texts.
        vocabulary (str or sequence[str]): Names of entities, or a JSON file with a list or dict of
            them. Defaults to none.
        top_k (int): Largest number of entities of an image. Defaults to 3.
        threshold (float): Lowest probability of an entity. Defaults to 0.4.
        temperature (float): Temperature of these probabilities. Defaults to 0.01.
    """

    def __init__(
        self,
        embed: Callable[[List[str]], torch.Tensor],
        vocabulary: Union[str, Sequence[str]] = (),
        top_k: int = 3,
        threshold: float = 0.4,
        temperature: float = 0.01,
    ) -> None:
        names = mmengine.load(vocabulary) if isinstance(vocabulary, str) else vocabulary
        self.vocabulary = list(names)
        self.top_k = min(top_k, len(self.vocabulary))
        self.threshold = threshold
        self.temperature = temperature
        self._embed = embed
        self._names: Optional[torch.Tensor] = None  # their embeddings, once they are needed

    def __call__(self, embeddings: torch.Tensor) -> List[List[str]]:
        """Returns the entities of images by their ``(B, C)`` normalised embeddings."""
        if not self.vocabulary:
            return [[] for _ in embeddings]
        if self._names is None:
            self._names = self._embed_names()
        similarities = embeddings @ self._names.T
        best = (similarities / self.temperature).softmax(-1).topk(self.top_k)
        return [
            [self.vocabulary[index] for p, index in zip(*row) if p >= self.threshold]
            for row in zip(best.values.tolist(), best.indices.tolist())
        ]

    def _embed_names(self) -> torch.Tensor:
        templates = OPENAI_IMAGENET_PROMPT_SUB
        texts = [template(name) for name in self.vocabulary for template in templates]
        chunks = [self._embed(texts[i : i + CHUNK]) for i in range(0, len(texts), CHUNK)]
        return normalize(torch.cat(chunks).unflatten(0, (-1, len(templates))).mean(1), dim=-1)
