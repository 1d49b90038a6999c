import pytest
from threads import Ranks


@pytest.fixture
def ranks(monkeypatch):
    """Three ranks that are threads."""
    ranks = Ranks(3)
    ranks.replace_collectives(monkeypatch)
    return ranks
