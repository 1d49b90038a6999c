"""Every scorer, pruner and guard has a card with all its parts, and a row in the table."""

import re
from pathlib import Path

import pytest

import bls_mm
from bls_mm import registry

DOCS = Path(__file__).parents[2] / 'docs'
PARTS = ('What', 'Equation', 'When', 'Costs', 'Figures', 'Source')
REGISTRIES = (
    ('scorers.md', 'SCORERS', 'bls_mm.scorers.'),
    ('pruners.md', 'PRUNERS', 'bls_mm.pruners.'),  # ablations in bls_mm.research have no card
    ('pruners.md', 'GUARDS', 'bls_mm.planning.'),
)
COMPONENTS = [
    (page, name)
    for page, registered, package in REGISTRIES
    for name in registry._names(getattr(registry, registered))
    if getattr(registry, registered).get(name).__module__.startswith(package)
]


def cards_of(page):
    """Returns heading and text of each card of a page."""
    parts = re.split(r'^## (.+)$', (DOCS / page).read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


@pytest.mark.parametrize(('page', 'name'), COMPONENTS)
def test_component_has_a_card_and_a_row_in_the_table(page, name):
    card = cards_of(page)[name]
    for part in PARTS:
        assert f'**{part}.** ' in card
    assert f'[`{name}`](#{name.lower()})' in (DOCS / page).read_text()


@pytest.mark.parametrize('page', ['scorers.md', 'pruners.md'])
def test_card_describes_an_existing_component(page):
    names = {name for _, name in COMPONENTS}
    for name, card in cards_of(page).items():
        assert name in names or '**Equation.**' not in card


@pytest.mark.parametrize('name', bls_mm.__all__)
def test_public_name_is_in_the_api(name):
    api = (DOCS / 'api.md').read_text()
    module = getattr(getattr(bls_mm, name), '__module__', 'bls_mm.registry')
    paths = {f'bls_mm.{name}', module, module.rpartition('.')[0]}
    documented = set(re.findall(r'^::: (\S+)$', api, re.MULTILINE))
    assert paths & documented or f'`bls_mm.{name}`' in api
