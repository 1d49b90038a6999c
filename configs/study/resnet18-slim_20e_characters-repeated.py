# A task of docs/studies/classification.md with much to leave out: of 4,000 training images half are repetitions, ten more of
# each of 200, as oversampling or the frames of a film make them.
_base_ = 'resnet18-slim_20e_characters-4k.py'

characters = _base_.characters
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(**characters, indices=2000),
            dict(type='RepeatDataset', times=10, dataset=dict(**characters, indices=200)),
        ],
    ),
)
