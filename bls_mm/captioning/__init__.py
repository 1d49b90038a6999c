"""Image captioning with ViECap, trained on text alone, for MMPretrain's registries.

Nothing in ``bls_mm`` imports this folder: it needs MMPretrain and transformers. A config does, with
``custom_imports = dict(imports=['bls_mm.captioning'])``.
"""

from .caption_scores import CaptionScores
from .caption_texts import CaptionTexts
from .entities import MaskEntities
from .mapping_network import MappingNetwork
from .viecap import ViECap

__all__ = ['CaptionScores', 'CaptionTexts', 'MappingNetwork', 'MaskEntities', 'ViECap']
