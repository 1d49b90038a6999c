"""Collate functions that return each sample several times."""

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.hooks import Hook
from other_libraries import import_library
from toy import ToyData, ToyModel, assert_same_scores, build_runner, find_hook, train

from bls_mm.scorers import BatchLossScorer

REPEATS = 3


class RepeatedData(ToyData):
    """Yields each sample as a list of augmented copies, like RepeatAugDataset of MMAction2."""

    def __getitem__(self, index):
        sample = super().__getitem__(index)
        return [dict(sample, inputs=sample['inputs'] + copy / 100) for copy in range(REPEATS)]


def repeat(samples):
    """``repeat_pseudo_collate`` of MMAction2 1.2.0."""
    return pseudo_collate([copy for sample in samples for copy in sample])


def check_run(tmp_path, collate, **options):
    """The batch loss is the score of each sample of the batch."""
    _, recorder, hook = train(
        tmp_path, loader=dict(dataset=RepeatedData(), collate_fn=collate), **options
    )
    expected = BatchLossScorer(42)
    for batch, loss in zip(recorder.batches, recorder.losses):
        samples = batch[::REPEATS]
        assert batch == [index for index in samples for _ in range(REPEATS)]
        expected.update(samples, loss)
    assert hook.savings.unscored_batches == 0
    assert hook.savings.samples_seen == sum(map(len, recorder.batches)) / REPEATS
    assert hook.savings.pruned > 0
    return hook.sampler.scorer, expected


@pytest.mark.parametrize('pruner', ['SeTa', 'InfoBatch'])
def test_batch_loss_is_the_score_of_each_sample(tmp_path, pruner):
    assert_same_scores(*check_run(tmp_path, repeat, pruner=dict(type=pruner)))


def test_batch_loss_is_the_score_with_mmaction(tmp_path):
    datasets = import_library('mmaction.datasets')
    assert_same_scores(*check_run(tmp_path, datasets.repeat_pseudo_collate))


def test_auto_scores_by_batch_losses(tmp_path):
    scorer, _ = check_run(
        tmp_path, repeat, model=ToyModel(per_sample=True), sampler=dict(scorer='auto')
    )
    assert scorer.needs_sample_losses is False


def test_scorer_of_sample_losses_is_refused(tmp_path):
    runner = build_runner(
        tmp_path,
        model=ToyModel(per_sample=True),
        loader=dict(dataset=RepeatedData(), collate_fn=repeat),
        sampler=dict(scorer=dict(type='SampleLossScorer')),
    )
    with pytest.raises(ValueError, match='12 inputs came back for 4 samples, so a sample has'):
        runner.train()
    assert runner.iter == 0


def drop_copies(samples):
    return pseudo_collate([sample[0] for sample in samples[1:]])


def repeat_first(samples):
    return pseudo_collate([samples[0][0], *(copy for sample in samples for copy in sample)])


@pytest.mark.parametrize('collate', [drop_copies, repeat_first])
def test_other_numbers_of_inputs_are_refused(tmp_path, collate):
    loader = dict(dataset=RepeatedData(), collate_fn=collate)
    runner = build_runner(tmp_path, loader=loader)
    message = 'so some samples count more than others in its loss; let the collate function return'
    with pytest.raises(ValueError, match=message):
        runner.train()
    assert runner.iter == 0


class Persons(ToyData):
    """Yields several pictures for one index, packed as ReIDDataset of MMDetection does."""

    def __getitem__(self, index):
        from mmdet.datasets.transforms import PackReIDInputs

        picture = np.full((2, 2, 3), index, dtype=np.float32)
        keys = PackReIDInputs.default_meta_keys
        results = {key: [index] * 8 for key in keys}
        return PackReIDInputs().transform(dict(results, img=[picture] * 8, gt_label=[index] * 8))


def test_several_pictures_of_one_index_are_one_sample(tmp_path):
    pytest.importorskip('mmdet.datasets.transforms', reason='needs mmdet')

    class Persona(ToyModel):
        def forward(self, inputs, data_samples=None, mode='tensor'):
            pictures = torch.cat(inputs)
            assert len(pictures) == 8 * len(data_samples)
            features = pictures.mean((1, 2))[:, :2] / 42
            return super().forward(list(features), data_samples, mode)

    runner = build_runner(tmp_path, model=Persona(), loader=dict(dataset=Persons()))
    expected = BatchLossScorer(42)

    class Record(Hook):
        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            indices = [sample.img_path[0] for sample in data_batch['data_samples']]
            expected.update(indices, outputs['loss'].item())

    runner.register_hook(Record())
    runner.train()
    assert_same_scores(find_hook(runner).sampler.scorer, expected)
