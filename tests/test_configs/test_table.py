import pytest
from table import BEGIN, END, Row, replace_table, to_table


def test_grid_of_configs_is_one_row():
    rows = [
        Row(f'cifar{n}/resnet{depth}_seta-p{p}_1xb128-200e_cifar{n}', 1, 2.0, p != 70)
        for n in (10, 100)
        for depth in (18, 50)
        for p in (30, 50, 70)
    ]
    lines = to_table([*rows, Row('imagenet/vit-base-p16_in1k', 3, 1.0, True)]).splitlines()
    assert lines[2:] == [
        '| `cifar*/resnet*_seta-p*_1xb128-200e_cifar*` | 12 | 1 | 2.0 | 8 |',
        '| `imagenet/vit-base-p16_in1k` | 1 | 3 | 1.0 | 1 |',
        '| all | 13 | | 25 in total | 9 |',
    ]


def test_only_the_table_of_the_page_changes():
    page = f'before\n{BEGIN}\nold\n{END}\nafter\n'
    assert replace_table(page, 'new') == f'before\n{BEGIN}\nnew\n{END}\nafter\n'


def test_page_without_marks_raises_a_clear_error():
    with pytest.raises(ValueError, match='needs the lines'):
        replace_table('page', 'new')
