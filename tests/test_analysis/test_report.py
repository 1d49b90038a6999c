import re
from html.parser import HTMLParser

import pytest
from browser import open_browser

pytest.importorskip('plotly')
pytest.importorskip('mmdet')

from toy import train

from bls_mm.analysis.report import render
from bls_mm.analysis.work_dir import read_run


@pytest.fixture(scope='module')
def page(words_run):
    run = read_run(words_run)
    path = words_run / 'report.html'
    path.write_text(render(run, full=run, samples_of_kind=4))
    return path


class Links(HTMLParser):
    """Collects what a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ('src', 'href')]


def test_a_page_loads_nothing(page):
    links = Links()
    links.feed(page.read_text())
    assert len(links.found) > 4
    assert all(link.startswith('data:') for link in links.found)


def test_a_run_that_is_still_going_is_reported_as_such(tmp_path):
    train(tmp_path, max_epochs=4)
    (tmp_path / 'bls' / 'epoch_4.npz').unlink()
    (tmp_path / 'last_checkpoint').unlink()
    page = render(read_run(tmp_path))
    assert 'still going, or stopped: 3 of 4 epochs' in page
    assert 'The training set could not be opened' in page


def test_a_run_without_records_is_one_sentence(tmp_path):
    train(tmp_path, max_epochs=1)
    (tmp_path / 'bls' / 'epoch_1.npz').unlink()
    with pytest.raises(ValueError, match='has no record of an epoch: the run was without BLSHook'):
        render(read_run(tmp_path))


def test_names_cannot_break_the_page(tmp_path, words_run):
    run = read_run(words_run)
    config = run.config.copy()
    config.train_dataloader.sampler.pruner = dict(type='</script><b>')
    page = render(run._replace(config=config), samples_of_kind=1)
    assert '</script><b>' not in page


def test_the_scorer_may_be_auto(words_run):
    run = read_run(words_run)
    config = run.config.copy()
    config.train_dataloader.sampler.scorer = 'auto'
    assert '<li>auto</li>' in render(run._replace(config=config), samples_of_kind=1)


@pytest.mark.slow
@pytest.mark.parametrize(('width', 'dark'), [(1280, False), (390, True)])
def test_it_renders_and_its_filters_work(page, tmp_path, width, dark):
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

        page_width = browser.execute_script('return document.documentElement.scrollWidth')
        assert page_width <= width
        ground = browser.execute_script('return getComputedStyle(document.body).backgroundColor')
        assert (sum(map(int, re.findall(r'\d+', ground)[:3])) < 384) is dark
        assert [entry for entry in browser.get_log('browser') if entry['level'] == 'SEVERE'] == []
