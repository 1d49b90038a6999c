import os
import re
import sys
from html.parser import HTMLParser

import pytest
from browser import open_browser

pytest.importorskip('plotly')
pytest.importorskip('mmdet')

from toy import train

from bls_mm.analysis import report
from bls_mm.analysis.pictures import Pictures
from bls_mm.analysis.report import render
from bls_mm.analysis.work_dir import read_run
from bls_mm.config import load_config


@pytest.fixture(scope='module')
def page(words_run):
    run, config = read_run(words_run), load_config(str(words_run / 'config.py'))
    path = words_run / 'report.html'
    path.write_text(render(run, full=run, samples_of_kind=4, config=config))
    return path


class Links(HTMLParser):
    """Collects the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ('src', 'href')]


def test_page_loads_no_external_resource(page):
    links = Links()
    links.feed(page.read_text())
    assert len(links.found) > 4
    assert all(link.startswith(('data:', '#')) for link in links.found)


def test_unfinished_run_is_reported(tmp_path):
    train(tmp_path, max_epochs=4)
    (tmp_path / 'bls' / 'epoch_4.npz').unlink()
    (tmp_path / 'last_checkpoint').unlink()
    page = render(read_run(tmp_path))
    assert 'running or stopped: 3 of 4 epochs' in page


def test_run_without_records_raises(tmp_path):
    train(tmp_path, max_epochs=1)
    (tmp_path / 'bls' / 'epoch_1.npz').unlink()
    with pytest.raises(ValueError, match='has no record of an epoch: the run had no BLSHook'):
        render(read_run(tmp_path))


def test_names_are_escaped(tmp_path, words_run):
    run = read_run(words_run)
    run.config['train_dataloader']['sampler']['pruner'] = dict(type='</script><b>')
    assert '</script><b>' not in render(run, samples_of_kind=1)


def test_scorer_auto_is_shown(words_run):
    run = read_run(words_run)
    run.config['train_dataloader']['sampler']['scorer'] = 'auto'
    assert '<li>scorer auto</li>' in render(run, samples_of_kind=1)


def test_settings_are_those_of_the_run_not_of_the_named_config(words_run):
    config = load_config(str(words_run / 'config.py'))
    config.train_dataloader.sampler = dict(type='DefaultSampler')  # flags of bls train added BLS
    page = render(read_run(words_run), samples_of_kind=1, config=config)
    assert '<li>pruner InfoBatch(' in page
    assert '<li>pruner SeTa</li>' not in page


def test_pruner_auto_means_scorer_auto(words_run):
    run = read_run(words_run)
    run.config['train_dataloader']['sampler'] = dict(pruner='auto')
    page = render(run, samples_of_kind=1)
    assert '<li>pruner auto</li><li>scorer auto</li>' in page
    assert 'relative to the mean loss, averaged over visits' in page
    assert 'within one epoch only' not in page


def test_samples_are_shown_only_with_a_named_config(words_run):
    run = read_run(words_run)
    page = render(run, samples_of_kind=1)
    assert '<figure' not in page
    assert f'run this tool again with --config {run.config_path}' in page
    assert '<li>pruner InfoBatch(' in page  # settings are data
    assert page.count('class="plot"') >= 7


def test_config_of_a_work_dir_builds_nothing(tmp_path):
    train(tmp_path, max_epochs=2)
    proof = tmp_path / 'proof'
    (tmp_path / 'newest.py').write_text(
        f'custom_imports = dict(imports=["antigravity"])\n'
        f'train_dataloader = dict(dataset=dict(type="os.system", command="touch {proof}"))\n'
        f'visualizer = dict(type="os.system", command="touch {proof}")\n'
    )
    os.utime(tmp_path / 'newest.py', (2e9, 2e9))
    assert 'Fraction kept' in render(read_run(tmp_path))
    assert not proof.exists()
    assert 'antigravity' not in sys.modules


@pytest.mark.parametrize(
    'config',
    [
        dict(train_dataloader=5),
        dict(train_dataloader=dict(sampler='x', batch_size=[1])),
        dict(train_dataloader=dict(sampler=dict(pruner=dict(a=1), scorer=[2]))),
        dict(train_dataloader=dict(sampler=dict(pruner={3: 4, 'type': None}))),
    ],
    ids=str,
)
def test_odd_settings_are_shown_as_they_are(words_run, config):
    assert 'of 8 epochs' in render(read_run(words_run)._replace(config=config))


def break_sample(pictures, index, fault):
    """Damages a sample of a training set of words."""
    info = dict(pictures.dataset.get_data_info(index))
    if fault == 'missing image':
        info['img_path'] = '/no/such/image.png'
    elif fault == 'damaged annotation':
        info['instances'] = 5
    else:
        info['instances'] = [dict(text=fault)]
    old = pictures.dataset.get_data_info
    pictures.dataset.get_data_info = lambda i: info if i == index else old(i)


@pytest.mark.parametrize(
    ('fault', 'shown'),
    [
        (
            'missing image',
            'no picture: ValueError: the pipeline rejects the sample; is its image missing?',
        ),
        ('damaged annotation', 'TypeError: '),
        ('$\\frac{a}{b$', 'no picture: ValueError: '),
        ('lone \ud800', '<div class="label">lone ?</div>'),
        ('</figure><script>alert(1)</script>', '&lt;/figure&gt;'),
        ('', '<div class="label">–</div>'),
    ],
)
def test_unreadable_sample_is_a_card(words_run, monkeypatch, fault, shown):
    class Damaged(Pictures):
        def __init__(self, config):
            super().__init__(config)
            break_sample(self, 5, fault)

    monkeypatch.setattr(report, 'Pictures', Damaged)
    config = load_config(str(words_run / 'config.py'))
    page = render(read_run(words_run), samples_of_kind=12, config=config)
    page.encode()
    figures = re.findall('<figure.*?</figure>', page, re.DOTALL)
    assert len(figures) == 12
    (figure,) = [figure for figure in figures if '>#5' in figure]
    assert shown in figure
    assert sum('<img src="data:image/jpeg' in figure for figure in figures) >= 11


@pytest.mark.parametrize(
    ('name', 'sentence'),
    [
        ('epoch_4.pth', 'Training time: the checkpoint '),
        ('last_checkpoint', 'Training time: '),
        (
            'bls_summary.json',
            'Savings and cost of pruning: bls_summary.json is missing or damaged.',
        ),
        ('bls/epoch_2.npz', 'Epochs 2: their records are missing, damaged'),
    ],
)
@pytest.mark.parametrize('content', [b'', b'{"epochs": 4', b'\xff\xfe'])
def test_damaged_files_are_listed(tmp_path, name, sentence, content):
    train(tmp_path, max_epochs=4)
    (tmp_path / name).write_bytes(content)
    run = read_run(tmp_path)
    page = render(run, full=run)
    if name == 'last_checkpoint' and content:  # it names a file that does not exist
        assert '<h2 id="missing">Missing</h2>' not in page
    else:
        section = page.partition('<h2 id="missing">Missing</h2>')[2].partition('</ul>')[0]
        assert sentence in section
        assert f'Full run: {sentence}' in section


def test_page_opens_with_a_verdict_and_marks_curves_that_coincide(page):
    text = page.read_text()
    assert text.index('Compared with the full run: ') < text.index('class="headline"')
    assert 'The curve of this run covers that of: full run' in text
    assert 'What is a score?' in text


def test_complete_page_has_no_section_of_missing_files(page):
    assert '<h2 id="missing">Missing</h2>' not in page.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(('width', 'dark'), [(1280, False), (390, True)])
def test_page_renders_and_filters_in_browser(page, tmp_path, width, dark):
    select = pytest.importorskip('selenium.webdriver.support.ui').Select
    with open_browser(tmp_path, width, dark=dark) as browser:
        browser.get(page.as_uri())
        find = browser.find_elements

        def shown():
            return [f for f in find('css selector', '#gallery figure') if f.is_displayed()]

        def values(name):
            return [float(figure.get_attribute(f'data-{name}')) for figure in shown()]

        plots = find('css selector', '.plot')
        assert len(plots) >= 9
        assert all(plot.find_elements('css selector', 'svg.main-svg') for plot in plots)
        buttons = {button.text: button for button in find('css selector', 'button[data-kind]')}
        assert list(buttons) == ['Hardest', 'Easiest', 'Longest unseen', 'Most volatile']
        assert values('score') == sorted(values('score'), reverse=True)
        hardest = values('score')[0]
        buttons['Easiest'].click()
        assert values('score') == sorted(values('score'))
        assert values('score')[0] < hardest
        buttons['Longest unseen'].click()
        assert values('unseen') == sorted(values('unseen'), reverse=True)

        buttons['Hardest'].click()
        assert len(shown()) == 4
        source = shown()[0].get_attribute('data-source')
        expected = sum(figure.get_attribute('data-source') == source for figure in shown())
        select(browser.find_element('id', 'source')).select_by_visible_text(source)
        assert len(shown()) == expected
        index = re.search(r'#(\d+)', shown()[0].text).group(1)
        text = shown()[0].find_element('css selector', '.label').text
        search = browser.find_element('id', 'search')
        search.send_keys(text.upper())
        assert [re.search(r'#(\d+)', figure.text).group(1) for figure in shown()] == [index]
        assert browser.find_element('id', 'count').text == '1 sample'
        search.send_keys(' no such sample')
        assert shown() == []

        search.clear()
        search.send_keys(index)
        shown()[0].find_element('css selector', '.enlarge').click()
        large = browser.find_element('id', 'large')
        assert large.is_displayed()
        assert large.find_element('tag name', 'img').size['width'] > 300
        large.find_element('tag name', 'button').click()
        assert not large.is_displayed()

        links = find('css selector', '.jump a')
        assert [link.is_displayed() for link in links] == [width < 600] * len(links)
        targets = [link.get_attribute('href').partition('#')[2] for link in links]
        assert targets == [target for target in targets if find('id', target)]
        assert {'verdict', 'epochs', 'samples'} <= set(targets)
        if width < 600:
            next(link for link in links if link.text == 'Epochs').click()
            top = 'return document.getElementById("epochs").getBoundingClientRect().top'
            assert 0 <= browser.execute_script(top) < 200

        page_width = browser.execute_script('return document.documentElement.scrollWidth')
        assert page_width <= width
        ground = browser.execute_script('return getComputedStyle(document.body).backgroundColor')
        assert (sum(map(int, re.findall(r'\d+', ground)[:3])) < 384) is dark
        assert [entry for entry in browser.get_log('browser') if entry['level'] == 'SEVERE'] == []
