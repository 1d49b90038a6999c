import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True)
def scope():
    """Another test of the process may have left the scope of another library."""
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


@pytest.fixture(scope='session')
def language(tmp_path_factory) -> dict:
    """The folders of a tiny CLIP and a tiny GPT-2, as options of a ViECap."""
    pytest.importorskip('transformers', reason='needs transformers')
    from tiny_language import make_models

    return make_models(tmp_path_factory.mktemp('language') / 'models')
