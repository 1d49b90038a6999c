# Rendered words, made by `python tools/data/make_words.py`: 'printed' stands in for MJSynth, 'scene'
# for SynthText.
words_data_root = 'data/words'

words_printed_train = dict(
    type='mmocr.OCRDataset',
    data_root=f'{words_data_root}/printed',
    ann_file='textrecog_train.json',
    pipeline=None,
)
words_printed_test = dict(
    type='mmocr.OCRDataset',
    data_root=f'{words_data_root}/printed',
    ann_file='textrecog_test.json',
    test_mode=True,
    pipeline=None,
)
words_scene_train = dict(
    type='mmocr.OCRDataset',
    data_root=f'{words_data_root}/scene',
    ann_file='textrecog_train.json',
    pipeline=None,
)
words_scene_test = dict(
    type='mmocr.OCRDataset',
    data_root=f'{words_data_root}/scene',
    ann_file='textrecog_test.json',
    test_mode=True,
    pipeline=None,
)
