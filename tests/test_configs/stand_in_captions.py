"""A dozen captions in the format of a data set, and tiny models to learn them."""

import json
import pickle
from pathlib import Path

from tiny_language import CAPTIONS, NOUNS, make_models


def make_captions(leaf, root: Path, num: int, rng, is_detection: bool) -> None:
    """CaptionTexts: a Karpathy split in JSON, or ViECap's pickle with entities."""
    path = root / leaf['ann_file']
    leaf['nouns'] = NOUNS
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == '.pickle':
        entities = [[word for word in NOUNS if word in caption] for caption in CAPTIONS[:num]]
        path.write_bytes(pickle.dumps(list(map(list, zip(entities, CAPTIONS)))))
    else:
        split = [dict(image=f'{i}.jpg', caption=text) for i, text in enumerate(CAPTIONS[:num])]
        path.write_text(json.dumps(split))


def use_tiny_language(model: dict, folder: Path) -> None:
    """Points a ViECap to tiny random models, which are saved below a folder."""
    if model['type'] == 'ViECap':
        model.update(make_models(folder / 'language'))
        model['mapping']['num_layers'] = 2
        model['entities']['vocabulary'] = NOUNS
