import pytest
from mmengine.config import Config
from other_libraries import need_library

from bls_mm.analysis.literals import parse_config
from bls_mm.config import load_config

REFUSED = [
    'import os',
    'os.system("true")',
    'a = __import__("os")',
    'a = open("x")',
    'a = b',
    'a = [x for x in ()]',
    'a = lambda: 0',
    'a = f"{1}"',
    'a = 1 + 1',
    'a = dict(1)',
    'a = dict(**{})',
    'a = {**{}}',
    'a = list()',
    'a = dict(b=list())',
    'a = {[]: 1}',
    'a, b = 1, 2',
    'a = b = 1',
    'a: int = 1',
    'a += 1',
    'a.b = 1',
    'a[0] = 1',
    '"a docstring"',
    'if True:\n    a = 1',
    'def f(): pass',
    'a = (',
    'a = 1\0',
    'a = ' + '(' * 5000 + ')' * 5000,
    'a = ' + '[' * 100_000 + ']' * 100_000,
    'a = ' + '-' * 100_000 + '1',
    'a = ' + 'dict(a=' * 5000 + '1' + ')' * 5000,
    'a = ' + '9' * 10_000,
    'a = "' + 'x' * (1 << 22) + '"',
]


@pytest.mark.parametrize('text', REFUSED, ids=lambda text: text[:20])
def test_other_text_is_refused_in_one_sentence(text):
    with pytest.raises(
        ValueError, match='give the config file explicitly, with --config'
    ) as caught:
        parse_config(text)
    assert '\n' not in str(caught.value)
    assert caught.value.__cause__ is None


def test_literals_are_read():
    text = 'a = dict(b=[1, -2.5, None], c=(True, "x"))\nd = {"e f": dict(g=1), 3: {4}}\nh = 1j\n'
    assert parse_config(text) == dict(
        a=dict(b=[1, -2.5, None], c=(True, 'x')), d={'e f': dict(g=1), 3: {4}}, h=1j
    )
    assert parse_config('') == {}


def test_dumped_config_is_read_as_mmengine_reads_it(tmp_path):
    need_library('mmocr')
    config = load_config('bls_mm::demo/crnn-slim_bls-infobatch_6e_short-words.py')
    config.dump(tmp_path / 'config.py')
    read = parse_config((tmp_path / 'config.py').read_text())
    assert read == Config.fromfile(tmp_path / 'config.py').to_dict()
    assert read['train_dataloader']['sampler']['pruner']['type'] == 'InfoBatch'


@pytest.mark.parametrize(
    'name',
    ['mmdet::rtmdet/rtmdet_s_8xb32-300e_coco.py', 'mmpretrain::resnet/resnet18_8xb32_in1k.py'],
)
def test_dumped_configs_of_the_libraries_are_read(tmp_path, name):
    need_library(name)
    config = load_config(name)
    assert parse_config(config.pretty_text) == config.to_dict()
