"""Models of other libraries train with ``--pruner``, or are refused in one sentence.

``docs/real_use.md`` shows the table.
"""

import pytest
import torch
from checks import check_run
from messages import assert_one_sentence
from other_libraries import import_library
from runs import make_small, train

from bls_mm.config import attach_bls, load_config

pytestmark = pytest.mark.slow
RTMDET_INS = 'mmdet::rtmdet/rtmdet-ins_tiny_8xb32-300e_coco.py'  # its head changes its objects
MASK2FORMER = 'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco.py'  # it has no bbox_head
# The models, and options that make them smaller than `shrink` does.
MODELS = {
    'mmdet::grounding_dino/grounding_dino_r50_scratch_8xb2_1x_coco.py': {
        'model.backbone.base_channels': 16,
        'model.backbone.stem_channels': 16,
        'model.neck.in_channels': [128, 256, 512],
        'model.encoder.fusion_layer_cfg.embed_dim': 64,
        'model.encoder.num_cp': 0,  # checkpointing needs fairscale
        'model.decoder.num_layers': 2,
    },
    MASK2FORMER: {
        'model.backbone.base_channels': 16,
        'model.backbone.stem_channels': 16,
        'model.panoptic_head.in_channels': [64, 128, 256, 512],
        'model.panoptic_head.pixel_decoder.encoder.num_layers': 1,
        'model.panoptic_head.transformer_decoder.num_layers': 2,
        'model.train_cfg.num_points': 128,
    },
    'mmdet::soft_teacher/soft-teacher_faster-rcnn_r50-caffe_fpn_180k_semi-0.1-coco.py': {},
    'mmpretrain::mae/mae_vit-base-p16_8xb512-amp-coslr-300e_in1k.py': {
        'model.backbone.arch': dict(
            _delete_=True, embed_dims=48, num_layers=2, num_heads=2, feedforward_channels=96
        ),
        'model.backbone.img_size': 64,
        'model.neck.embed_dim': 48,
        'model.neck.num_patches': 16,
        'model.neck.decoder_depth': 1,
    },
    'mmpretrain::simclr/simclr_resnet50_16xb256-coslr-200e_in1k.py': {
        'model.backbone.base_channels': 8,
        'model.backbone.stem_channels': 8,
        'model.neck.in_channels': 256,
    },
    'mmseg::unet/unet-s5-d16_fcn_4xb4-40k_drive-64x64.py': {
        'model.backbone.base_channels': 4,
        'model.decode_head.in_channels': 4,
        'model.auxiliary_head.in_channels': 8,
    },
    'mmyolo::yolov6/yolov6_n_syncbn_fast_8xb32-400e_coco.py': {},
    'mmyolo::yolov7/yolov7_tiny_syncbn_fast_8x16b-300e_coco.py': {},
    'mmyolo::yolox/yolox_tiny_fast_8xb8-300e_coco.py': {},
    'mmpose::body_2d_keypoint/rtmpose/coco/rtmpose-t_8xb256-420e_coco-256x192.py': {},
    'mmpose::body_2d_keypoint/rtmo/coco/rtmo-s_8xb32-600e_coco-640x640.py': {},
}
REFUSED = {
    'mmdet::qdtrack/qdtrack_faster-rcnn_r50_fpn_8xb2-4e_mot17halftrain_test-mot17halfval.py': (
        'TrackImgSampler'
    ),
}


def load(name):
    import_library(name.partition('::')[0])
    return load_config(name)


@pytest.fixture(scope='module')
def bert(tmp_path_factory):
    """The folder of a BERT with one layer, random weights and the words of the classes of COCO."""
    transformers = pytest.importorskip('transformers', reason='needs transformers')
    from mmdet.datasets import CocoDataset

    folder = tmp_path_factory.mktemp('bert')
    words = sorted({word for name in CocoDataset.METAINFO['classes'] for word in name.split()})
    vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '.', '?', *words]
    (folder / 'vocab.txt').write_text('\n'.join(vocabulary))
    transformers.BertTokenizerFast(str(folder / 'vocab.txt')).save_pretrained(folder)
    config = transformers.BertConfig(len(vocabulary), num_hidden_layers=1, intermediate_size=64)
    transformers.BertModel(config).save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize(('name', 'options'), MODELS.items(), ids=MODELS)
def test_model_of_a_library(name, options, data, tmp_path, request):
    cfg = make_small(load(name), data, tmp_path)
    cfg.merge_from_dict(options)
    if 'language_model' in cfg.model:
        cfg.model.language_model.name = request.getfixturevalue('bert')
    witness = train(cfg)
    check_run(witness, cfg.train_dataloader.sampler)


@pytest.mark.parametrize(('name', 'knows_images'), [(RTMDET_INS, True), (MASK2FORMER, False)])
def test_recommended_setting_for_a_single_stage_detector(name, knows_images, data, tmp_path):
    cfg = make_small(attach_bls(load(name), 'auto'), data, tmp_path)
    cfg.merge_from_dict(MODELS.get(name, {}))
    witness = train(cfg)
    assert all(torch.isfinite(iteration.minimised) for iteration in witness.iterations)
    assert {iteration.score.ndim for iteration in witness.iterations} == {int(knows_images)}


@pytest.mark.parametrize(('name', 'sampler'), REFUSED.items(), ids=REFUSED)
def test_sampler_of_a_library_is_refused(name, sampler):
    with pytest.raises(ValueError, match=f'the config trains with {sampler}, and a') as caught:
        attach_bls(load(name), 'SeTa')
    assert_one_sentence(caught.value)
