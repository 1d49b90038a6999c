"""The loss of each image, from the heads of MMDetection's and MMYOLO's detectors."""

import random
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from torch import nn
from torch.testing import assert_close

from bls_mm.hooks import dense_head_losses
from bls_mm.hooks.per_sample_losses import PerSampleLosses
from bls_mm.losses import batch_loss

SIZES = ((16, 16), (8, 8))  # of the feature maps of a 64 x 64 image
STRIDES = (4, 8)
ANCHORS = dict(
    type='AnchorGenerator', ratios=[1.0], octave_base_scale=4, scales_per_octave=1, strides=STRIDES
)
DELTAS = dict(type='DeltaXYWHBBoxCoder')
SHARED = dict(num_classes=3, in_channels=8, feat_channels=8, stacked_convs=1)
FOCAL = dict(type='FocalLoss', use_sigmoid=True)
ATSS = dict(
    anchor_generator=ANCHORS,
    loss_bbox=dict(type='GIoULoss'),
    norm_cfg=dict(type='BN'),
    train_cfg=dict(assigner=dict(type='ATSSAssigner', topk=9), allowed_border=-1, pos_weight=-1),
)
META = dict(img_shape=(64, 64), pad_shape=(64, 64), scale_factor=(1, 1))
HEADS = {
    'RetinaHead': dict(
        anchor_generator=ANCHORS,
        bbox_coder=DELTAS,
        loss_cls=FOCAL,
        train_cfg=dict(
            assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4),
            allowed_border=-1,
            pos_weight=-1,
            sampler=dict(type='PseudoSampler'),
        ),
    ),
    'FCOSHead': dict(
        strides=STRIDES, regress_ranges=((-1, 24), (24, 1e8)), norm_cfg=dict(type='BN')
    ),
    'ATSSHead': dict(**ATSS, bbox_coder=DELTAS, loss_cls=FOCAL),
    'GFLHead': dict(**ATSS, loss_cls=dict(type='QualityFocalLoss', use_sigmoid=True)),
    'YOLOXHead': dict(
        strides=STRIDES,
        train_cfg=dict(assigner=dict(type='SimOTAAssigner', center_radius=2.5)),
    ),
}


def targets(num_images):
    """Objects of images: none in the first, one in the second, and so on."""
    generator = torch.Generator().manual_seed(3)
    for number in range(num_images):
        corners = 40 * torch.rand(number, 2, generator=generator)
        boxes = torch.cat([corners, corners + 12 + 10 * torch.rand(number, 2)], 1)
        yield InstanceData(bboxes=boxes, labels=torch.arange(number) % 3)


class Detector(nn.Module):
    """A head behind a ``SingleStageDetector`` whose features are its input."""

    def __init__(self, head):
        super().__init__()
        self.bbox_head = head

    def forward(self, features, instances):
        metas = [META.copy() for _ in instances]
        return self.bbox_head.loss_by_feat(*self.bbox_head(features), instances, metas)


@pytest.fixture
def build(monkeypatch):
    pytest.importorskip('mmdet.models', reason='needs mmdet')
    from mmdet.registry import MODELS
    from mmengine.registry import DefaultScope

    monkeypatch.setattr(dense_head_losses, 'DETECTORS', __name__)
    monkeypatch.setattr(dense_head_losses, 'DETECTOR', 'Detector')

    def build_one(kind):
        with DefaultScope.overwrite_default_scope('mmdet'):
            head = MODELS.build(dict(type=kind, **SHARED, **HEADS[kind]))
        head.init_weights()
        return Detector(head)

    return build_one


def features(batch_size):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(batch_size, 8, *size, generator=generator) for size in SIZES]


@pytest.mark.parametrize('batch_size', [1, 2, 4])  # also as many images as feature maps
@pytest.mark.parametrize('kind', HEADS)
def test_losses_are_those_of_batches_of_one_by_their_objects(build, kind, batch_size):
    model = build(kind).train()
    instances = list(targets(5))[5 - batch_size :]
    plain = model(features(batch_size), instances)
    context = PerSampleLosses(model)
    with context:
        losses = model(features(batch_size), instances)
        images = context.of_images(losses)
        parts = context.of_images(losses, {next(iter(losses)): 2.0})
    assert batch_loss(losses) == batch_loss(plain)
    assert images.shape == parts.shape == (batch_size,)
    outs, name = model.bbox_head(features(batch_size)), next(iter(losses))
    alone = []
    for number in range(batch_size):
        own = [[level[number : number + 1] for level in out] for out in outs]
        metas = [dict(img_shape=(64, 64), pad_shape=(64, 64))]
        alone.append(model.bbox_head.loss_by_feat(*own, instances[number : number + 1], metas))
    for scored, factor, names in ((images, 1, losses), (parts, 2, [name])):
        single = torch.tensor([batch_loss({name: one[name] for name in names}) for one in alone])
        objects = [len(own) for own in instances]
        assert_close(scored, factor * dense_head_losses.count_by_objects(single, objects))
    assert len(set(images.tolist())) == batch_size


def test_images_count_by_their_objects():
    counted = dense_head_losses.count_by_objects(torch.tensor([1.0, 3.0, 2.0]), [0, 3, 2])
    assert_close(counted, torch.tensor([0.5, 4.5, 2.0]))


def test_images_of_a_head_that_adds_them_up_do_not_count_twice(build, monkeypatch):
    monkeypatch.setattr(dense_head_losses, 'EQUAL_IMAGES', ['AnchorHead'])  # RetinaHead's losses
    model = build('RetinaHead').train()
    context = PerSampleLosses(model)
    with context:
        images = context.of_images(model(features(2), list(targets(2))))
        single = [batch_loss(image.losses) for image in context._dense_head._images]
    assert_close(images, torch.tensor(single))


def test_gradients_and_random_numbers_do_not_change(build):
    gradients = []
    for listens in (False, True):
        torch.manual_seed(0)
        model = build('RetinaHead').train()
        context = PerSampleLosses(model)
        if listens:
            context.__enter__()
        losses = model(features(4), list(targets(4)))
        sum(part for value in losses.values() for part in value).backward()
        context.__exit__()
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
        gradients[-1] = torch.cat([gradients[-1], torch.rand(1)])
    assert torch.equal(*gradients)


def test_seconds_of_the_losses_of_images_are_counted_once(build):
    model = build('RetinaHead').train()
    context = PerSampleLosses(model)
    assert context.take_seconds() == 0
    with context:
        model(features(4), list(targets(4)))
    assert context.take_seconds() > 0
    assert context.take_seconds() == 0


def test_head_is_as_it_was_after_the_step(build):
    model = build('FCOSHead').train()
    own = model.bbox_head.loss_by_feat
    context = PerSampleLosses(model)
    with pytest.raises(RuntimeError), context:
        assert model.bbox_head.loss_by_feat != own
        raise RuntimeError
    assert model.bbox_head.loss_by_feat == own
    losses = model(features(2), list(targets(2)))
    assert context.of_images(losses) is None


def test_losses_that_are_not_those_of_the_head_have_no_images(build):
    model = build('RetinaHead').train()
    context = PerSampleLosses(model)
    with context:
        losses = model(features(2), list(targets(2)))
        assert context.of_images({**losses, 'loss_mask': torch.ones(())}) is None
        assert context.of_images(losses) is not None


def test_evaluation_and_other_ranks_are_left_alone(build, monkeypatch):
    model = build('RetinaHead').eval()
    context = PerSampleLosses(model)
    with context:
        assert context.of_images(model(features(2), list(targets(2)))) is None
    monkeypatch.setattr(dense_head_losses, 'get_world_size', lambda: 2)
    model.train()
    context = PerSampleLosses(model)
    with context:
        assert context.of_images(model(features(2), list(targets(2)))) is None


def test_head_that_cannot_be_split_is_left_alone(build, monkeypatch):
    model = build('RetinaHead').train()
    own = model.bbox_head.loss_by_feat

    def needs_two_images(cls_scores, bbox_preds, batch_gt_instances, batch_img_metas):
        assert len(batch_img_metas) > 1
        return own(cls_scores, bbox_preds, batch_gt_instances, batch_img_metas)

    model.bbox_head.loss_by_feat = needs_two_images
    context = PerSampleLosses(model)
    for _ in range(2):
        with context:
            losses = model(features(2), list(targets(2)))
            assert context.of_images(losses) is None
    assert batch_loss(losses) > 0


@pytest.mark.parametrize('is_required', [False, True])
def test_head_that_fails_for_a_later_batch_has_no_losses_of_its_images(
    build, monkeypatch, is_required
):
    model = build('RetinaHead').train()
    context = PerSampleLosses(model, is_required)
    own = dense_head_losses.losses_of_images

    def fails(*args):
        raise RuntimeError('a batch of one')

    with context:
        assert context.of_images(model(features(2), list(targets(2)))) is not None
    monkeypatch.setattr(dense_head_losses, 'losses_of_images', fails)
    with context:
        if is_required:
            with pytest.raises(RuntimeError, match='a batch of one'):
                model(features(2), list(targets(2)))
            return
        assert context.of_images(model(features(2), list(targets(2)))) is None
    monkeypatch.setattr(dense_head_losses, 'losses_of_images', own)
    with context:
        assert context.has_images(model(features(2), list(targets(2))), batch_size=2)


@pytest.mark.parametrize('part', ['bboxes', 'new'])
def test_head_that_changes_its_objects_gets_them_unchanged(build, part):
    """RTMDet-Ins replaces masks by tensors; another head may add a field, or note a size."""
    model = build('RetinaHead').train()
    own, seen = model.bbox_head.loss_by_feat, []

    def changes(cls_scores, bbox_preds, batch_gt_instances, batch_img_metas):
        for instances, meta in zip(batch_gt_instances, batch_img_metas):
            seen.append((instances.bboxes.tolist(), 'new' in instances, 'new' in meta))
            instances.set_field(instances.bboxes + 1, part)
            meta['new'] = True
        return own(cls_scores, bbox_preds, batch_gt_instances, batch_img_metas)

    model.bbox_head.loss_by_feat = changes
    context = PerSampleLosses(model)
    with context:
        assert context.of_images(model(features(4), list(targets(4)))).shape == (4,)
    assert seen[:4] == seen[4:] and not any(new for _, *is_new in seen for new in is_new)


def test_single_stage_detector_with_another_head_is_left_alone(build):
    """MMDetection's MaskFormer has a ``panoptic_head``."""
    model = build('RetinaHead').train()
    inner = model.bbox_head
    del model.bbox_head
    model.forward = lambda *batch: inner.loss_by_feat(*inner(batch[0]), batch[1], [META] * 2)
    context = PerSampleLosses(model)
    with context:
        assert context.of_images(model(features(2), list(targets(2)))) is None


def test_head_that_keeps_the_texts_of_the_batch_is_left_alone(build):
    """GLIP's head reads the masks of all texts from itself, so an image alone has another loss."""
    model = build('RetinaHead').train()
    model.bbox_head.text_masks = None  # as it is built
    context = PerSampleLosses(model)
    with context:
        assert context.of_images(model(features(2), list(targets(2)))) is None


def test_head_whose_losses_keep_statistics_is_left_alone(build):
    """GHM-C counts gradient norms in a buffer: more calls would change the training."""
    from mmdet.models.losses import GHMC

    model = build('RetinaHead').train()
    model.bbox_head.loss_cls = GHMC(bins=5, momentum=0.75)
    batch = features(2), list(targets(2))
    expected = batch_loss(model(*batch))
    statistics = model.bbox_head.loss_cls.acc_sum.clone()
    assert statistics.sum() > 0
    model.bbox_head.loss_cls.acc_sum.zero_()
    context = PerSampleLosses(model)
    with context:
        losses = model(*batch)
        assert context.of_images(losses) is None
    assert batch_loss(losses) == expected
    assert torch.equal(model.bbox_head.loss_cls.acc_sum, statistics)


@pytest.mark.parametrize('draw', [torch.rand, np.random.rand, lambda _: random.random()])
def test_head_that_draws_random_numbers_is_left_alone(build, draw):
    model = build('RetinaHead').train()
    own = model.bbox_head.loss_by_feat

    def draws(cls_scores, bbox_preds, batch_gt_instances, batch_img_metas):
        numbers.append(float(draw(1)))
        return own(cls_scores, bbox_preds, batch_gt_instances, batch_img_metas)

    model.bbox_head.loss_by_feat = draws
    drawn = []
    for listens in (False, True):
        random.seed(0), np.random.seed(0), torch.manual_seed(0)
        numbers = []
        context = PerSampleLosses(model)
        with context if listens else nullcontext():
            losses = model(features(2), list(targets(2)))
            assert context.of_images(losses) is None
        drawn.append(numbers[-1])
    assert drawn[0] == drawn[1]


def test_objects_of_mmyolo_are_split_by_their_image():
    objects = torch.tensor([[0, 2, 0.1, 0.1, 0.2, 0.2], [1, 0, 0, 0, 1, 1], [1, 1, 0, 0, 1, 1]])

    def loss_by_feat(scores, batch_gt_instances, batch_img_metas):
        assert len(batch_img_metas) == len(scores[0]) == 1
        assert (batch_gt_instances[:, 0] == 0).all()
        return dict(loss=scores[0].sum() + 10 * len(batch_gt_instances))

    scores = [torch.arange(3.0)[:, None]]
    images = dense_head_losses.losses_of_images(loss_by_feat, (scores, objects, [{}] * 3), {})
    assert_close([float(image.losses['loss']) for image in images], [10.0, 21.0, 2.0])
    assert [image.num_objects for image in images] == [1, 2, 0]
    assert np.array_equal(objects[:, 0], [0, 1, 1])
