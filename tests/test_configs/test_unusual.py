"""Unusual training works without special cases in the library."""

import pytest
import torch
from checks import check_run
from config_files import ROOT
from mmengine.config import Config
from runs import make_small, train
from witness import identities, leaves_of

pytestmark = pytest.mark.slow
RETINANET = 'retinanet_bls-seta_r50_fpn_1x_coco'


@pytest.fixture
def small(data, tmp_path):
    """Builds the small version of a config for detection, after a change to it."""

    def build(name, change=lambda cfg: None):
        cfg = Config.fromfile(ROOT / 'detection' / f'{name}.py')
        change(cfg)
        return make_small(cfg, data, tmp_path)

    return build


def find_hook(runner, kind: str):
    return next(hook for hook in runner.hooks if type(hook).__name__ == kind)


def savings_of(witness):
    """The savings that the library counted."""
    return find_hook(witness.runner, 'BLSHook').savings


def samples_of_first_epoch(witness) -> int:
    return sum(len(iteration.scored) for iteration in witness.iterations if iteration.epoch == 0)


def test_mosaic_and_its_end(small):
    """YOLOX: persistent workers restart without mosaic, and then there is one more loss."""
    cfg = small('yolox_bls-seta_s_8xb8-300e_coco')
    cfg.train_dataloader.update(num_workers=1, persistent_workers=True)
    witness = train(cfg, num_epochs=3)
    known = identities(witness.dataset)
    for iteration in witness.iterations:
        assert iteration.delivered == [known[index] for index in iteration.scored]
        assert ('loss_l1' in iteration.components) == (iteration.epoch > 0)
        torch.testing.assert_close(iteration.score, iteration.minimised)
    assert witness.dataset._skip_type_keys == ('Mosaic', 'RandomAffine', 'MixUp')
    assert savings_of(witness).mixed_samples == samples_of_first_epoch(witness)


def test_pipeline_switch_and_ema(small):
    """RTMDet: the pipeline of the data set changes, and validation uses an averaged model."""
    cfg = small('rtmdet_bls-seta_s_8xb32-300e_coco')
    witness = train(cfg)
    check_run(witness, cfg.train_dataloader.sampler)
    transforms = [type(transform).__name__ for transform in witness.dataset.pipeline.transforms]
    assert 'CachedMosaic' not in transforms
    assert savings_of(witness).mixed_samples == samples_of_first_epoch(witness)
    ema = find_hook(witness.runner, 'EMAHook')
    averaged, trained = (
        torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
        for model in (ema.ema_model.module, witness.runner.model)
    )
    assert not averaged.equal(trained)


def test_dozens_of_components(small):
    """DINO: 39 losses of six decoder layers, their denoising, and the encoder."""
    cfg = small('dino-4scale_bls-infobatch_r50_8xb2-12e_coco')
    witness = train(cfg)
    check_run(witness, cfg.train_dataloader.sampler)
    assert len(witness.components) == 39
    assert {'loss_cls', 'd4.dn_loss_iou', 'enc_loss_bbox'} <= witness.components


def test_two_stages_and_masks(small):
    cfg = small('mask-rcnn_bls-infobatch_r50_fpn_1x_coco')
    witness = train(cfg)
    check_run(witness, cfg.train_dataloader.sampler)
    assert witness.components == {
        'loss_rpn_cls',
        'loss_rpn_bbox',
        'loss_cls',
        'loss_bbox',
        'loss_mask',
    }


def test_images_without_objects(small):
    def keep_empty(cfg):
        cfg.train_dataloader.dataset.filter_cfg.filter_empty_gt = False

    cfg = small(RETINANET, keep_empty)
    witness = train(cfg)
    check_run(witness, cfg.train_dataloader.sampler)
    infos = [witness.dataset.get_data_info(index) for index in range(len(witness.dataset))]
    empty = [index for index, info in enumerate(infos) if not info['instances']]
    assert empty
    assert witness.sampler.scorer.visits[empty].min() > 0


WRAPPERS = dict(
    repeat=lambda dataset: dict(type='RepeatDataset', times=2, dataset=dataset),
    balanced=lambda dataset: dict(type='ClassBalancedDataset', oversample_thr=0.3, dataset=dataset),
    concat=lambda dataset: dict(
        type='ConcatDataset', datasets=[dataset, {**dataset, 'data_root': 'data/other/'}]
    ),
)


@pytest.mark.parametrize('wrap', WRAPPERS.values(), ids=WRAPPERS)
def test_wrapped_data(small, wrap):
    """A sample is a position in the outermost data set."""

    def change(cfg):
        cfg.train_dataloader.dataset = wrap(cfg.train_dataloader.dataset)

    cfg = small(RETINANET, change)
    witness = train(cfg)
    check_run(witness, cfg.train_dataloader.sampler)
    kind = cfg.train_dataloader.dataset.type
    assert type(witness.dataset).__name__ == kind
    leaves = leaves_of(witness.dataset)
    if kind == 'ConcatDataset':
        assert len(set(identities(witness.dataset))) == sum(map(len, leaves))
    else:
        assert len(witness.dataset) > len(leaves[0])


def test_samples_that_the_pipeline_rejects(small):
    """The pipeline replaces a rejected sample; the score goes to the requested one."""

    def reject_small_objects(cfg):
        pack = cfg.train_dataloader.dataset.pipeline.pop()
        reject = dict(type='FilterAnnotations', min_gt_bbox_wh=(36, 36))
        cfg.train_dataloader.dataset.pipeline += [reject, pack]

    cfg = small(RETINANET, reject_small_objects)
    witness = train(cfg)
    check_run(witness, cfg.train_dataloader.sampler)
    known = identities(witness.dataset)
    wrong = [
        path != known[index]
        for iteration in witness.iterations
        for path, index in zip(iteration.delivered, iteration.scored)
    ]
    assert 0 < sum(wrong) < len(wrong)
    assert savings_of(witness).replaced_samples > 0
