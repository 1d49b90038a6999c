# Rendered words of at most six characters, the demo's own: 'printed' stands in for MJSynth, 'scene' for
# SynthText. Made by
# python tools/data/make_words.py --out data/short_words --train 8000 --longest 6
short_words_data_root = 'data/short_words'

short_words_printed_train = dict(
    type='OCRDataset',
    data_root=f'{short_words_data_root}/printed',
    ann_file='textrecog_train.json',
    pipeline=None,
)
short_words_printed_test = dict(
    type='OCRDataset',
    data_root=f'{short_words_data_root}/printed',
    ann_file='textrecog_test.json',
    test_mode=True,
    pipeline=None,
)
short_words_scene_train = dict(
    type='OCRDataset',
    data_root=f'{short_words_data_root}/scene',
    ann_file='textrecog_train.json',
    pipeline=None,
)
short_words_scene_test = dict(
    type='OCRDataset',
    data_root=f'{short_words_data_root}/scene',
    ann_file='textrecog_test.json',
    test_mode=True,
    pipeline=None,
)
