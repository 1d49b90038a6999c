"""Reads files of captions."""

import json
import pickle
import string
from pathlib import Path
from typing import Any, Iterator, List, NoReturn, Optional, Tuple, Union

#: A caption, and its entities if the file names them.
Caption = Tuple[str, Optional[List[str]]]


def read_captions(path: Union[str, Path]) -> Iterator[Caption]:
    """Yields the captions of a file.

    ==========  ============================================  =====================================
    suffix      content                                       found in
    ==========  ============================================  =====================================
    ``.txt``    a caption per line                            any corpus
    ``.json``   ``[caption, ...]``                            DeCap's corpora
    ``.json``   ``[[entities, caption], ...]``                ViECap
    ``.json``   ``[{'caption': one or several}, ...]``        the Karpathy splits of MMPretrain
    ``.json``   ``{'annotations': [{'caption': one}, ...]}``  COCO, NoCaps
    ``.json``   ``{image: captions, ...}``                    ViECap's ``train_captions.json``
    ``.pickle`` any of these, of lists, dicts and strings     ViECap's ``*_with_entities.pickle``
    ==========  ============================================  =====================================

    Args:
        path (str or Path): The file.

    Raises:
        ValueError: If the content is of another form.
    """
    path = Path(path)
    if path.suffix == '.txt':
        content = path.read_text(encoding='utf-8').splitlines()
    elif path.suffix in ('.pickle', '.pkl'):
        with path.open('rb') as file:
            content = _TextUnpickler(file).load()
    else:
        content = json.loads(path.read_text(encoding='utf-8'))
    if isinstance(content, dict):
        content = content.get('annotations', content.values())
    for entry in content:
        yield from _captions_of(entry, path)


def as_sentence(caption: str) -> str:
    """Returns a caption with a capital at its start and a full stop at its end, as ViECap needs it.

    A caption without a stop would teach the language model not to end.
    """
    caption = ' '.join(caption.split())
    caption = caption.lower() if caption.isupper() else caption
    end = '' if caption[-1:] in string.punctuation else '.'
    return caption[:1].upper() + caption[1:] + end


def _captions_of(entry: Any, path: Path) -> Iterator[Caption]:
    if isinstance(entry, dict) and 'caption' in entry:
        entry = entry['caption']
    if isinstance(entry, str):
        yield entry, None
    elif isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], list):
        yield entry[1], entry[0]
    elif isinstance(entry, list) and all(isinstance(caption, str) for caption in entry):
        for caption in entry:
            yield caption, None
    else:
        raise ValueError(
            f'{path} contains {str(entry)[:60]!r} instead of a caption; bls_mm.captioning.'
            'caption_files lists the forms that are read'
        )


class _TextUnpickler(pickle.Unpickler):
    """Builds lists, dicts and strings only: a pickle can run code."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise ValueError(
            f'the pickle contains {module}.{name}, but only lists, dicts and strings are read; '
            'use the file without the features of CLIP'
        )
