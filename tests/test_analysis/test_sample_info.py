import pytest

from bls_mm.analysis.sample_info import data_info, innermost, labels_of
from bls_mm.analysis.text import describe_error, encodable


@pytest.mark.parametrize(
    ('info', 'labels'),
    [
        (dict(gt_label=1), (['dog'], 'dog')),
        (dict(gt_label=[1, 0]), (['cat', 'dog'], 'dog, cat')),
        (dict(gt_label=7), (['7'], '7')),
        (dict(gt_label=-1), (['-1'], '-1')),
        (dict(instances=[dict(bbox_label=0), dict()]), (['cat'], 'cat')),
        (dict(instances=[dict(text='ab'), dict(text=12)]), (['2 characters'], 'ab 12')),
        (dict(), ([], '')),
    ],
    ids=str,
)
def test_labels_have_class_names_if_there_are_any(info, labels):
    assert labels_of(info, ['cat', 'dog']) == labels


class Words:
    def get_data_info(self, index):
        return dict(number=index)


class Wrapped:
    dataset = Words()


def test_data_info_is_found_in_wrappers():
    assert data_info(Wrapped(), 3) == dict(number=3)
    with pytest.raises(TypeError, match='range has no get_data_info'):
        innermost(range(4))


def test_text_that_has_no_encoding_is_replaced():
    assert encodable('a\ud800\0é') == 'a??é'
    assert describe_error(ValueError('two\nlines \udc80')) == 'ValueError: two lines ?'
    assert len(describe_error(ValueError('x' * 5000))) == 200
