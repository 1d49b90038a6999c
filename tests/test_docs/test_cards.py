"""Every scorer and pruner has a card, with all that a card says."""

import re
from pathlib import Path

import pytest

import bls_mm
from bls_mm import registry

DOCS = Path(__file__).parents[2] / 'docs'
PARTS = ('What', 'Equation', 'When', 'Costs', 'Figures', 'Source')
OWN = [
    (page, name)
    for page, names in (
        ('scorers.md', 'SCORERS'),
        ('pruners.md', 'PRUNERS'),
        ('pruners.md', 'GUARDS'),
    )
    if hasattr(registry, names)
    for name in registry._names(getattr(registry, names))
    if getattr(registry, names).get(name).__module__.startswith('bls_mm.')
]


def cards_of(page):
    """Heading to text, of the cards of a page."""
    parts = re.split(r'^## (.+)$', (DOCS / page).read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


@pytest.mark.parametrize(('page', 'name'), OWN)
def test_what_is_registered_has_a_card(page, name):
    card = cards_of(page)[name]
    for part in PARTS:
        assert f'**{part}.** ' in card
    assert f'[`{name}`](#{name.lower()})' in (DOCS / page).read_text()  # and a row in the table


def test_every_card_is_of_something_that_exists():
    named = {name for _, name in OWN}
    for page in ('scorers.md', 'pruners.md'):
        for name, card in cards_of(page).items():
            assert name in named or '**Equation.**' not in card


def test_all_that_a_user_imports_is_in_the_api():
    api = (DOCS / 'api.md').read_text()
    for name in bls_mm.__all__:
        thing = getattr(bls_mm, name)
        module = getattr(thing, '__module__', 'bls_mm.registry')
        paths = {f'bls_mm.{name}', module, module.rpartition('.')[0]}
        documented = set(re.findall(r'^::: (\S+)$', api, re.MULTILINE))
        assert paths & documented or f'`bls_mm.{name}`' in api, name
