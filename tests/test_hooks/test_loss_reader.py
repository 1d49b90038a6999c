"""Losses that grow with the batch: the last, smaller batch must not look easiest."""

import random

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from other_libraries import import_library
from torch import nn
from torch.testing import assert_close
from toy import ToyModel, assert_same_scores, build_runner, find_hook, train

from bls_mm.hooks.loss_reader import grows_with_batch
from bls_mm.hooks.probe import sums_over_batch
from bls_mm.scorers import BatchLossScorer

STRIDES = (8, 16, 32)


class SummedModel(ToyModel):
    """The loss of the toy model, summed over the batch.

    Args:
        divides (bool): Whether the model divides the sum by the number of samples again.
    """

    def __init__(self, divides: bool = False) -> None:
        super().__init__()
        self.loss = nn.MSELoss(reduction='sum')
        self.divides = divides

    def forward(self, inputs, data_samples=None, mode='tensor'):
        output = self.linear(torch.stack(list(inputs)))
        loss = self.loss(output, torch.ones_like(output)) / 3
        return dict(loss=loss / len(inputs) if self.divides else loss)


class Boxes(torch.utils.data.Dataset):
    """Random pictures with one box each."""

    metainfo = dict(classes=('a', 'b'))

    def __len__(self):
        return 10

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        return torch.rand(3, 64, 64, generator=generator), index


def collate(samples):
    """The batch of MMYOLO's ``yolov5_collate``: one array holds the boxes of all pictures."""
    images, indices = zip(*samples)
    boxes = [[i, index % 2, 8, 8, 30 + index, 40] for i, index in enumerate(indices)]
    return dict(inputs=torch.stack(images), data_samples=dict(indices=indices, boxes=boxes))


class Detector(BaseModel):
    """One of MMYOLO's heads on three feature maps."""

    def __init__(self, head):
        super().__init__()
        self.maps = nn.ModuleList(nn.Conv2d(3, 8, 1, stride) for stride in STRIDES)
        self.bbox_head = head

    def forward(self, inputs, data_samples=None, mode='tensor'):
        targets = dict(
            bboxes_labels=torch.tensor(data_samples['boxes'], dtype=torch.float32),
            img_metas=[dict(batch_input_shape=(64, 64))] * len(inputs),
        )
        return self.bbox_head.loss([conv(inputs) for conv in self.maps], targets)


def build_head(name):
    import_library('mmyolo.models')
    from mmyolo.registry import MODELS

    assigner = dict(type='BatchTaskAlignedAssigner', num_classes=2, topk=3)
    options = dict(initial_epoch=0, initial_assigner=assigner, assigner=assigner)
    module = dict(type=f'{name}HeadModule', num_classes=2, in_channels=[8, 8, 8])
    head = dict(type=f'{name}Head', head_module=module)
    if name not in ('YOLOv5', 'YOLOv7'):
        head['train_cfg'] = ConfigDict(options)
    with DefaultScope.overwrite_default_scope('mmyolo'):
        return MODELS.build(head)


class Scaled(Hook):
    """Scores each batch by its logged loss divided by a function of its size."""

    def __init__(self, num, factor):
        self.scorer = BatchLossScorer(num)
        self.factor = factor

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        targets = data_batch['data_samples']
        indices = targets['indices'] if isinstance(targets, dict) else targets
        self.scorer.update(indices, outputs['loss'].item() / self.factor(len(indices)))


def check_run(tmp_path, model, factor, **options):
    """Trains on all samples; the scores must be those of the logged losses over the factor."""
    runner = build_runner(tmp_path, pruner=dict(type='NoPruning'), model=model, **options)
    expected = Scaled(len(runner.train_dataloader.dataset), factor)
    runner.register_hook(expected)
    runner.train()
    actual = find_hook(runner).sampler.scorer
    assert_same_scores(actual, expected.scorer)
    assert actual.scores.unique().numel() > 2


@pytest.mark.parametrize('name', ['YOLOv5', 'YOLOv7', 'YOLOv8'])
def test_scores_of_mmyolo_are_losses_over_batch_size(tmp_path, name):
    loader = dict(dataset=Boxes(), collate_fn=collate)
    check_run(tmp_path, Detector(build_head(name)), lambda n: n, loader=loader, max_epochs=2)


def test_only_some_heads_of_mmyolo_multiply_by_the_batch_size():
    import_library('mmyolo.models')
    from mmyolo.models import PPYOLOEHead, RTMDetHead, YOLOv6Head, YOLOv8Head, YOLOXHead

    class OwnHead(YOLOv8Head):
        pass

    for kind in OwnHead, PPYOLOEHead, RTMDetHead, YOLOv6Head, YOLOv8Head, YOLOXHead:
        head = nn.Module()
        head.__class__ = kind
        assert grows_with_batch(nn.Sequential(head)) is issubclass(kind, YOLOv8Head)


def test_summed_losses_are_scored_per_sample(tmp_path):
    check_run(tmp_path, SummedModel(), lambda n: n)


def test_summed_losses_that_the_model_divides_stay_as_they_are(tmp_path):
    check_run(tmp_path, SummedModel(divides=True), lambda n: 1)


def test_last_batch_of_summed_losses_does_not_look_easy(tmp_path):
    class Constant(SummedModel):
        """Each sample has loss 3."""

        def forward(self, inputs, data_samples=None, mode='tensor'):
            loss = super().forward(inputs, data_samples, mode)['loss']
            return dict(loss=0 * loss + 3 * len(inputs))

    _, recorder, hook = train(tmp_path, model=Constant(), max_epochs=2)
    assert min(recorder.losses) == 6  # the log is as it was
    assert hook.sampler.scorer.scores.unique().tolist() == [3]


def test_measuring_changes_nothing_of_the_run(tmp_path):
    class Noisy(SummedModel):
        """Draws random numbers, counts calls in a buffer, and has BatchNorm.

        Args:
            is_measured (bool): Whether the sum is made by a loss module.
        """

        def __init__(self, is_measured):
            super().__init__()
            self.norm = nn.BatchNorm1d(2)
            self.loss.reduction = 'sum' if is_measured else 'none'
            self.register_buffer('num_calls', torch.zeros(()))

        def forward(self, inputs, data_samples=None, mode='tensor'):
            self.num_calls += 1
            hidden = nn.functional.dropout(self.norm(torch.stack(list(inputs))))
            output = self.linear(hidden + torch.rand(2) + np.random.rand() + random.random())
            return dict(loss=self.loss(output, torch.ones_like(output)).sum() / 100)

    measured, _, _ = train(tmp_path / 'measured', model=Noisy(True), max_epochs=2)
    plain, _, _ = train(tmp_path / 'plain', model=Noisy(False), max_epochs=2)
    assert_close(measured.model.state_dict(), plain.model.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize('sums', [True, False])
def test_sums_are_found_in_bfloat16(sums):
    generator = torch.Generator().manual_seed(0)
    model = nn.Linear(2, 3)

    def forward(inputs, mode='loss'):
        with torch.autocast('cpu', torch.bfloat16):
            output = model(torch.stack(inputs)).abs()
        return dict(loss=(output.sum() if sums else output.mean()))

    for _ in range(50):
        inputs = list(torch.randn(16, 2, generator=generator))
        assert sums_over_batch(model, forward, (inputs,), {}, 16) is sums


def test_yolox_sums_and_divides_by_the_number_of_objects():
    pytest.importorskip('mmdet.models', reason='needs mmdet')
    from mmdet.models import YOLOXHead
    from mmdet.structures import DetDataSample

    cfg = ConfigDict(assigner=dict(type='SimOTAAssigner'))
    with DefaultScope.overwrite_default_scope('mmdet'):
        head = YOLOXHead(2, 8, feat_channels=8, stacked_convs=1, train_cfg=cfg)
    samples = []
    for num_objects in 1, 2, 3, 4:
        boxes = torch.tensor([[4.0, 4, 30 + 5 * num_objects, 40]]).repeat(num_objects, 1)
        labels = torch.zeros(num_objects, dtype=torch.long)
        sample = DetDataSample(metainfo=dict(img_shape=(64, 64)))
        sample.gt_instances = InstanceData(bboxes=boxes, labels=labels)
        samples.append(sample)
    maps = tuple(torch.rand(4, 8, 64 // stride, 64 // stride) for stride in STRIDES)
    assert head.loss(maps, samples)['loss_cls'] > 0
    assert grows_with_batch(head) is None
    assert not sums_over_batch(head, head.loss, (maps, samples), {}, 4)
