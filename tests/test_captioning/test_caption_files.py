import json
import pickle

import pytest
import torch

pytest.importorskip('mmpretrain', reason='needs MMPretrain')
pytest.importorskip('transformers', reason='needs transformers')
pytest.importorskip('pycocoevalcap', reason='needs pycocoevalcap')

from bls_mm.captioning.caption_files import as_sentence, read_captions

A, B, C = 'A dog.', 'Two cats on a mat.', 'A red bus.'
PLAIN = [(A, None), (B, None), (C, None)]
WITH_ENTITIES = [(A, ['dog']), (B, ['cat', 'mat']), (C, [])]
PAIRS = [[entities, caption] for caption, entities in WITH_ENTITIES]
FORMS = {
    'list.json': ([A, B, C], PLAIN),
    'karpathy.json': ([dict(image='1.jpg', caption=A), dict(caption=[B, C])], PLAIN),
    'coco.json': (dict(images=[], annotations=[dict(id=1, caption=x) for x in (A, B, C)]), PLAIN),
    'images.json': ({'1.jpg': [A, B], '2.jpg': [C]}, PLAIN),
    'one_per_image.json': ({'1.jpg': A, '2.jpg': B, '3.jpg': C}, PLAIN),
    'pairs.json': (PAIRS, WITH_ENTITIES),
    'pairs.pickle': (PAIRS, WITH_ENTITIES),
    'list.pkl': ([A, B, C], PLAIN),
    'lines.txt': ('\n'.join([A, B, C]), PLAIN),
}


def write(path, content):
    if path.suffix == '.txt':
        path.write_text(content)
    elif path.suffix == '.json':
        path.write_text(json.dumps(content))
    else:
        path.write_bytes(pickle.dumps(content))
    return path


@pytest.mark.parametrize('name', FORMS)
def test_each_form_gives_the_same_captions(tmp_path, name):
    content, expected = FORMS[name]
    assert list(read_captions(write(tmp_path / name, content))) == expected


@pytest.mark.parametrize('content', [[1, 2], [dict(text=A)], [[A, 3]]])
def test_another_form_raises_a_clear_error(tmp_path, content):
    path = write(tmp_path / 'other.json', content)
    with pytest.raises(ValueError, match=r'other\.json contains .* instead of a caption'):
        list(read_captions(path))


@pytest.mark.parametrize('content', [print, [[['dog'], A, torch.zeros(2)]]])
def test_a_pickle_cannot_run_code(tmp_path, content):
    path = write(tmp_path / 'features.pickle', content)
    with pytest.raises(ValueError, match='only lists, dicts and strings are read'):
        list(read_captions(path))


@pytest.mark.parametrize(
    ('caption', 'expected'),
    [
        ('a dog ', 'A dog.'),
        ('A DOG RUNS.', 'A dog runs.'),
        ('Is it\na dog?', 'Is it a dog?'),
        ('a red DVD.', 'A red DVD.'),
    ],
)
def test_as_sentence(caption, expected):
    assert as_sentence(caption) == expected
