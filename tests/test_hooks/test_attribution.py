import json

import pytest
import torch
from mmengine.dataset import BaseDataset, Compose, ConcatDataset, RepeatDataset
from mmengine.structures import BaseDataElement
from toy import ToyModel, build_runner, read_log

from bls_mm.hooks.attribution import count_replaced, is_mixing


class Mosaic:
    def get_indexes(self, dataset):
        return [0, 1, 2]


class Resize:
    pass


class RandomApply:
    def __init__(self, transforms):
        self.transforms = transforms


class Files(BaseDataset):
    """Ten samples with one file each."""

    def load_data_list(self):
        return [dict(img_path=f'{i}.png', value=float(i)) for i in range(10)]


def reject_every_third(results):
    if results['sample_idx'] % 3 == 2:
        return None
    sample = BaseDataElement(metainfo=dict(img_path=results['img_path']))
    return dict(inputs=torch.tensor([results['value'], 1.0]), data_samples=sample)


def files(**options):
    return Files(pipeline=[reject_every_third], max_refetch=100, **options)


class TestIsMixing:
    def with_pipeline(self, *transforms):
        dataset = files()
        dataset.pipeline = Compose([])
        dataset.pipeline.transforms = list(transforms)
        return dataset

    def test_transforms_that_ask_for_more_images_mix(self):
        assert is_mixing(self.with_pipeline(Resize(), Mosaic()))
        assert is_mixing(self.with_pipeline(RandomApply([Mosaic()])))
        assert not is_mixing(self.with_pipeline(Resize()))

    def test_wrapped_data_sets_mix_if_a_part_does(self):
        plain, mosaic = self.with_pipeline(), self.with_pipeline(Mosaic())
        assert is_mixing(ConcatDataset([plain, mosaic]))
        assert is_mixing(RepeatDataset(mosaic, times=2))
        assert not is_mixing(RepeatDataset(plain, times=2))

    def test_switched_pipelines_are_recognised(self):
        dataset = self.with_pipeline(Mosaic())
        dataset._skip_type_keys = ['Mosaic']  # what YOLOX's mode switch leaves
        assert not is_mixing(dataset)
        dataset._skip_type_keys = None
        dataset.pipeline = Compose([])
        assert not is_mixing(dataset)

    def test_other_data_sets_do_not_mix(self):
        assert not is_mixing(range(5))


@pytest.mark.parametrize('wrap', [lambda d: d, lambda d: ConcatDataset([d, files()])])
def test_replaced_samples_are_counted(wrap):
    dataset = wrap(files())
    indices = list(range(len(dataset)))
    batch = dict(data_samples=[dataset[i]['data_samples'] for i in indices])
    expected = sum(
        sample.img_path != f'{index % 10}.png'
        for index, sample in zip(indices, batch['data_samples'])
    )
    assert expected >= 3 * len(dataset) // 10 - 1
    assert count_replaced(dataset, indices, batch) == expected


def test_samples_without_a_file_name_count_as_delivered():
    assert count_replaced(files(), [0], dict(data_samples=[object()])) == 0
    assert count_replaced(range(3), [0], dict(data_samples=[1])) == 0
    assert count_replaced(files(), [0], [1]) == 0


def test_run_counts_replaced_samples(tmp_path):
    class Model(ToyModel):
        def forward(self, inputs, data_samples=None, mode='tensor'):
            return super().forward([x / 10 for x in inputs], None, mode)

    runner = build_runner(
        tmp_path, model=Model(), loader=dict(dataset=files()), max_epochs=3, log_level='INFO'
    )
    runner.train()
    summary = json.loads((tmp_path / 'bls_summary.json').read_text())
    assert summary['checked_samples'] > 0
    assert 0 < summary['replaced_samples'] < summary['checked_samples']
    assert summary['mixed_samples'] == 0
    assert 'the pipeline replaced' in read_log(tmp_path)


@pytest.mark.parametrize(('scorer', 'mixed'), [('auto', True), (dict(type='BatchLossScorer'), 0)])
def test_mixed_batches_count_if_each_sample_is_scored(tmp_path, scorer, mixed):
    augments = pytest.importorskip('mmpretrain.models.utils.batch_augments')
    model = ToyModel(per_sample=True)
    mixup = augments.RandomBatchAugment(dict(type='Mixup', alpha=1.0))
    model.data_preprocessor.batch_augments = mixup
    runner = build_runner(tmp_path, model=model, sampler=dict(scorer=scorer), max_epochs=2)
    runner.train()
    summary = json.loads((tmp_path / 'bls_summary.json').read_text())
    assert summary['mixed_samples'] == mixed * summary['samples_seen']
