"""tools/data/make_words.py with a lexicon and a folder of fonts; no Debian package is needed."""

import json
import shutil
import sys
from pathlib import Path
from typing import Dict, List

import cv2
import matplotlib
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'data'))

import debian
import make_words
import word_fonts
import word_texts

MATPLOTLIB = Path(matplotlib.get_data_path()) / 'fonts' / 'ttf'
LEXICON = "Apple\nCHERRY\ndate\nfig\nox\ncafé\nit's\nzucchini\nzucchinis\nplum\nplum\nPear\n"
USABLE = ['apple', 'cherry', 'date', 'fig', 'pear', 'plum', 'zucchini']


@pytest.fixture
def lexicon(tmp_path) -> Path:
    """A word list with capitals, duplicates, and words that are too short, too long or accented."""
    path = tmp_path / 'lexicon.txt'
    path.write_text(LEXICON, 'utf-8')
    return path


def make(out: Path, *options: str, **counts: int) -> Dict[str, List[str]]:
    """Runs the tool and returns the words of each split of both sets."""
    counts = {'train': 12, 'test': 8, **counts}
    flags = [flag for name, count in counts.items() for flag in (f'--{name}', str(count))]
    make_words.main(['--out', str(out), '--processes', '1', *flags, *options])
    return {split: read_words(out, split) for split in ('train', 'test')}


def read_words(out: Path, split: str) -> List[str]:
    annotations = (
        json.loads((out / style / f'textrecog_{split}.json').read_text())
        for style in ('printed', 'scene')
    )
    return [entry['instances'][0]['text'] for part in annotations for entry in part['data_list']]


def images(out: Path) -> Dict[str, bytes]:
    """Returns all images of a data set, by relative path."""
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob('*.jpg')}


def test_default_words_have_not_changed(tmp_path):
    words = make(tmp_path / 'words', train=2, test=2)
    assert words == {'train': ['wsjlbcag', '6ccij2ja'], 'test': ['mdk', '43j9ir7']}


def test_rendering_has_not_changed(tmp_path):
    fonts = tmp_path / 'fonts'
    fonts.mkdir()
    shutil.copy(MATPLOTLIB / 'cmr10.ttf', fonts)
    make(tmp_path / 'words', '--fonts', str(fonts), train=2, test=2)
    sizes = [
        cv2.imread(str(tmp_path / 'words' / name)).shape[:2]
        for name in sorted(images(tmp_path / 'words'))
    ]
    # The size depends on the order of all random numbers of the shape. Versions of FreeType differ
    # by a pixel.
    assert np.allclose(sizes, [(28, 74), (50, 189), (32, 114), (45, 151)], rtol=0, atol=2)


def test_words_are_those_of_the_lexicon_in_disjoint_splits(lexicon, tmp_path):
    words = make(tmp_path / 'words', '--lexicon', str(lexicon), train=60, test=20)
    assert set(words['train']).isdisjoint(words['test'])
    assert sorted({*words['train'], *words['test']}) == USABLE
    assert all(map(word_texts.is_test_word, words['test']))


def test_longest_limits_words_of_the_lexicon(lexicon):
    splits = word_texts.split_lexicon(lexicon, longest=6)
    assert sorted(splits['train'] + splits['test']) == [word for word in USABLE if len(word) <= 6]


def test_order_of_the_lexicon_does_not_matter(lexicon, tmp_path):
    backwards = tmp_path / 'backwards.txt'
    backwards.write_text('\n'.join(LEXICON.split()[::-1]), 'utf-8')
    splits = [word_texts.split_lexicon(path, longest=8) for path in (lexicon, backwards)]
    assert splits[0] == splits[1]


def test_images_depend_on_seed_and_index_only(lexicon, tmp_path):
    options = ('--lexicon', str(lexicon))
    make(tmp_path / 'few', *options)
    make(tmp_path / 'many', *options, '--processes', '2', train=30)
    few, many = images(tmp_path / 'few'), images(tmp_path / 'many')
    assert all(many[name] == image for name, image in few.items())


def test_folder_of_the_same_fonts_makes_the_same_images(tmp_path):
    make(tmp_path / 'default')
    make(tmp_path / 'folder', '--fonts', str(MATPLOTLIB))
    assert images(tmp_path / 'default') == images(tmp_path / 'folder')


def test_fonts_of_subfolders_are_used_and_other_files_are_ignored(tmp_path):
    folder = tmp_path / 'fonts'
    (folder / 'serif').mkdir(parents=True)
    (folder / 'LICENSE').write_text('free')
    (folder / 'damaged.ttf').write_bytes(b'\0' * 100)
    shutil.copy(MATPLOTLIB / 'cmex10.ttf', folder)  # no letters
    shutil.copy(MATPLOTLIB / 'cmr10.ttf', folder / 'serif')
    assert word_fonts.find_fonts(str(folder)) == (str(folder / 'serif' / 'cmr10.ttf'),)
    make(tmp_path / 'words', '--fonts', str(folder))
    make(tmp_path / 'default')
    assert images(tmp_path / 'words') != images(tmp_path / 'default')


def test_changed_lexicon_makes_the_set_again(lexicon, tmp_path):
    make(tmp_path / 'words', '--lexicon', str(lexicon))
    lexicon.write_text('date\ngrape\nlemon\n')
    word_texts.split_lexicon.cache_clear()
    words = make(tmp_path / 'words', '--lexicon', str(lexicon))
    assert set(words['train'] + words['test']) == {'date', 'grape', 'lemon'}


@pytest.mark.parametrize(
    'options, sentence',
    [
        (['--lexicon', 'missing.txt'], "'missing.txt' is not a file; give a list of words"),
        (['--fonts', 'missing'], "'missing' contains no font with all letters and digits"),
        (['--lexicon', 'lexicon.txt', '--longest', '3'], 'has too few words of 3 to 3 letters'),
    ],
)
def test_unusable_source_is_one_sentence(options, sentence, lexicon, tmp_path, monkeypatch):
    monkeypatch.chdir(lexicon.parent)
    with pytest.raises(SystemExit, match=sentence):
        make(tmp_path / 'words', *options)
    assert not (tmp_path / 'words').exists()


@pytest.mark.parametrize(
    'option, package', [('--lexicon', 'wamerican-large'), ('--fonts', 'fonts-hack')]
)
def test_missing_package_is_one_sentence(option, package, tmp_path, monkeypatch):
    monkeypatch.setattr(debian, 'list_files', lambda package: [])
    monkeypatch.setattr(debian, 'may_install', lambda: False)
    with pytest.raises(SystemExit, match=rf'install them with `apt install .*{package}'):
        make(tmp_path / 'words', option, 'debian')


def test_packages_are_installed_once(monkeypatch):
    installed = {'fonts-hack': [Path('/usr/share/fonts/Hack.ttf')]}
    calls = []

    def install(packages):
        calls.append(packages)
        installed.update({package: [Path(f'/usr/share/{package}.ttf')] for package in packages})

    monkeypatch.setattr(debian, 'list_files', lambda package: installed.get(package, []))
    monkeypatch.setattr(debian, 'may_install', lambda: True)
    monkeypatch.setattr(debian, 'install', install)
    names = [path.name for path in debian.package_files(['fonts-hack', 'fonts-lato'])]
    assert names == ['Hack.ttf', 'fonts-lato.ttf']
    debian.package_files(['fonts-hack', 'fonts-lato'])
    assert calls == [['fonts-lato']]


@pytest.mark.skipif(
    not all(map(debian.list_files, word_fonts.PACKAGES)), reason="needs Debian's packages"
)
def test_packages_have_hundreds_of_fonts():
    assert len(word_fonts.find_fonts('debian')) >= 100
