import pytest
from mmengine.config import Config
from other_libraries import need_library

from bls_mm.compat import complete_loaders
from bls_mm.config import attach_bls, load_config
from bls_mm.scorers import ResidualScorer

STOCK = dict(type='DefaultSampler', shuffle=True, round_up=False)


def make_config(sampler=STOCK, **options) -> Config:
    return Config(dict(train_dataloader=dict(batch_size=2, sampler=sampler), **options))


def test_attach_bls_adds_sampler_and_hook():
    hooks = dict(timer=dict(type='IterTimerHook'))
    cfg = attach_bls(make_config(default_hooks=hooks), 'SeTa', 'BatchLossScorer')
    assert cfg.train_dataloader.to_dict() == dict(
        batch_size=2,
        sampler=dict(
            type='bls_mm.BLSSampler',
            pruner=dict(type='SeTa'),
            scorer=dict(type='BatchLossScorer'),
            shuffle=True,
            round_up=False,
        ),
    )
    assert cfg.default_hooks.to_dict() == dict(bls=dict(type='bls_mm.BLSHook'), **hooks)


def test_attach_bls_does_not_change_its_argument():
    cfg = make_config()
    attach_bls(cfg, 'SeTa')
    assert cfg.train_dataloader.sampler.type == 'DefaultSampler'
    assert 'default_hooks' not in cfg


@pytest.mark.parametrize(
    'sampler', [None, dict(type='InfiniteSampler', shuffle=True), dict(type='DefaultSampler')]
)
def test_scorer_is_the_default_without_the_argument(sampler):
    cfg = attach_bls(make_config(sampler), 'InfoBatch')
    assert cfg.train_dataloader.sampler.pruner.type == 'InfoBatch'
    assert 'scorer' not in cfg.train_dataloader.sampler


def test_options_that_bls_sampler_lacks_are_dropped():
    old = dict(type='DefaultSampler', subsample=2, seed=3)
    sampler = attach_bls(make_config(old), 'SeTa').train_dataloader.sampler
    assert sampler.to_dict() == dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa'), seed=3)


@pytest.mark.parametrize(
    ('old', 'options'),
    [
        (dict(type='InfiniteSampler'), dict(fill_last_batch=True)),
        (dict(type='mmpretrain.RepeatAugSampler'), dict(num_repeats=3)),
        (dict(type='RepeatAugSampler', num_repeats=2), dict(num_repeats=2)),
        (dict(type='BLSSampler', fill_last_batch=True), dict(fill_last_batch=True)),
    ],
)
def test_what_the_old_sampler_did_becomes_an_option(old, options):
    sampler = attach_bls(make_config(old), 'SeTa').train_dataloader.sampler
    assert sampler == dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa'), **options)


@pytest.mark.parametrize(
    ('kind', 'options'),
    [
        ('mmdet.MultiSourceSampler', {}),
        ('mmdet.GroupMultiSourceSampler', dict(group_by_orientation=True)),
        ('bls_mm.MultiSourceBLSSampler', dict(group_by_orientation=True)),
    ],
)
def test_source_ratio_is_kept(kind, options):
    ratio = dict(batch_size=5, source_ratio=[1, 4])
    cfg = attach_bls(make_config(dict(type=kind, **ratio, **options)), 'SeTa')
    assert cfg.train_dataloader.sampler == dict(
        type='bls_mm.MultiSourceBLSSampler', pruner=dict(type='SeTa'), **ratio, **options
    )


class SamplerOfUser:
    pass


@pytest.mark.parametrize(
    'kind',
    [
        *('mmdet.ClassAwareSampler', 'mmdet.TrackImgSampler'),
        *('CustomSampleSizeSampler', 'MultiDataSampler', 'mmocr.BatchAugSampler'),
        *('torch.utils.data.WeightedRandomSampler', SamplerOfUser),
    ],
)
def test_sampler_with_a_meaning_of_its_own_is_refused(kind):
    name = kind.rpartition('.')[2] if isinstance(kind, str) else kind.__name__
    with pytest.raises(ValueError, match=f'^the config trains with {name}, and a BLSS') as caught:
        attach_bls(make_config(dict(type=kind, seed=3)), 'SeTa')
    assert "sampler=dict(_delete_=True, type='bls_mm.BLSSampler'" in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('placement', ['placement', 'layout'])  # the name before version 0.2
def test_scorer_and_placement_of_an_existing_sampler_are_kept(placement):
    old = {'type': 'bls_mm.BLSSampler', 'scorer': 'auto', placement: 'sharded', 'run_length': 16}
    sampler = attach_bls(make_config(old), 'InfoBatch').train_dataloader.sampler
    assert sampler.to_dict() == {**old, 'pruner': dict(type='InfoBatch')}


def test_auto_is_a_name_and_a_type():
    for scorer in ('auto', dict(type='auto')):
        sampler = attach_bls(make_config(), 'SeTa', scorer).train_dataloader.sampler
        assert sampler.scorer.to_dict() == dict(type='ResidualScorer', per_sample='auto')


def test_options_of_an_existing_hook_are_kept():
    bls = dict(type='bls_mm.BLSHook', schedule='iteration')
    cfg = attach_bls(make_config(default_hooks=dict(bls=bls)), 'SeTa')
    assert cfg.default_hooks.bls == bls


def test_config_without_training_data_raises_a_clear_error():
    with pytest.raises(ValueError, match='no train_dataloader'):
        attach_bls(Config(dict(train_dataloader=None)), 'SeTa')


@pytest.mark.parametrize(
    ('types', 'message'),
    [
        (dict(pruner='Seta'), "pruner 'Seta' is not known; choose one of"),
        (dict(pruner='SeTa', scorer='EMA'), "scorer 'EMA' is not known; choose one of Batch"),
    ],
)
def test_unknown_type_raises_a_clear_error(types, message):
    with pytest.raises(KeyError, match=message):
        attach_bls(Config(dict(train_dataloader=dict())), **types)


def test_a_component_without_a_type_raises_a_clear_error():
    with pytest.raises(TypeError, match="pruner must be a name or a dict with a 'type', but got"):
        attach_bls(Config(dict(train_dataloader=dict())), dict(prune_ratio=0.3))


def test_config_file_is_read(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text('answer = 42\n')
    assert load_config(str(path)).answer == 42


@pytest.mark.parametrize(
    'package, path',
    [
        ('mmdet', 'retinanet/retinanet_r50_fpn_1x_coco.py'),
        ('mmdet', '_base_/datasets/coco_detection.py'),  # in no metafile
        ('mmocr', 'textrecog/crnn/crnn_mini-vgg_5e_mj.py'),
        ('mmpretrain', 'resnet/resnet18_8xb16_cifar10.py'),
        ('mmyolo', 'yolov5/yolov5_n-v61_syncbn_fast_8xb16-300e_coco.py'),
        ('mmseg', 'upernet/upernet_r50_4xb4-80k_ade20k-512x512.py'),
    ],
)
def test_config_of_a_package_is_found(package, path):
    need_library(package)
    assert 'train_dataloader' in load_config(f'{package}::{path}')


def test_unknown_package_is_not_installed():
    with pytest.raises(ModuleNotFoundError, match="'mmtrack', which is not installed"):
        load_config('mmtrack::sort/sort.py')


def test_unknown_config_raises_a_clear_error():
    need_library('mmdet')
    with pytest.raises(FileNotFoundError, match=r'mmdet has no config .*nothing'):
        load_config('mmdet::retinanet/nothing.py')
    with pytest.raises(FileNotFoundError, match=r'did you mean mmdet::fcos/fcos_r50-caffe_fpn'):
        load_config('mmdet::fcos/fcos_r50-cafe_fpn_gn-head_1x_coco.py')


def test_config_in_pure_python_works(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text(
        'from mmengine.dataset import DefaultSampler\n'
        'train_dataloader = dict(sampler=dict(type=DefaultSampler, shuffle=True))\n'
    )
    cfg = attach_bls(load_config(str(path)), 'SeTa')
    cfg.dump(tmp_path / 'dumped.py')
    sampler = Config.fromfile(tmp_path / 'dumped.py').train_dataloader.sampler
    assert sampler == dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa'), shuffle=True)


def test_pruner_that_a_config_in_pure_python_names_by_its_class(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text(
        'from bls_mm import BLSSampler\n'
        'from bls_mm.pruners import InfoBatch\n'
        'train_dataloader = dict(sampler=dict(type=BLSSampler, pruner=dict(type=InfoBatch)))\n'
    )
    cfg = load_config(str(path))
    pruner = dict(cfg.train_dataloader.sampler.pruner, target_savings=0.2)
    attach_bls(cfg, pruner, dict(type=ResidualScorer)).dump(tmp_path / 'dumped.py')
    sampler = Config.fromfile(tmp_path / 'dumped.py').train_dataloader.sampler
    kind = 'bls_mm.pruners.info_batch.InfoBatch'
    assert sampler.pruner == dict(type=kind, target_savings=0.2)
    assert sampler.scorer == dict(type='bls_mm.scorers.residual.ResidualScorer')


def test_own_configs_are_found_by_name_in_a_clone():
    need_library('mmdet')
    cfg = load_config('bls_mm::detection/retinanet_bls-seta_r50_fpn_1x_coco.py')
    assert cfg.train_dataloader.sampler.pruner.type == 'SeTa'
    with pytest.raises(FileNotFoundError, match=r'bls_mm has no config .*nothing.py'):
        load_config('bls_mm::detection/nothing.py')


def test_loaders_get_the_defaults_of_mmpretrain_scripts():
    loaders = dict(
        train_dataloader=dict(batch_size=4, num_workers=2, collate_fn=dict(type='pseudo_collate')),
        test_dataloader=dict(batch_size=4, num_workers=0),
        val_dataloader=[dict(batch_size=4, num_workers=2), dict(batch_size=4, num_workers=0)],
    )
    cfg = Config(dict(default_scope='mmpretrain', **loaders))
    complete_loaders(cfg)
    assert [loader.persistent_workers for loader in cfg.val_dataloader] == [True, False]
    assert cfg.train_dataloader.persistent_workers is True
    assert cfg.train_dataloader.collate_fn.type == 'pseudo_collate'
    assert cfg.test_dataloader.persistent_workers is False  # PyTorch refuses it without workers
    assert cfg.test_dataloader.collate_fn.type == 'default_collate'
    other = Config(dict(default_scope='mmdet', **loaders))
    complete_loaders(other)
    assert other.train_dataloader == loaders['train_dataloader']


def repeated(train_cfg) -> Config:
    """The training set of MMSegmentation's DRIVE configs: 20 images, 40,000 times."""
    data = dict(type='DRIVEDataset', data_root='data/DRIVE')
    dataset = dict(type='RepeatDataset', times=40000, dataset=data)
    loader = dict(batch_size=4, sampler=dict(type='InfiniteSampler'), dataset=dataset)
    return Config(dict(train_dataloader=loader, train_cfg=train_cfg))


@pytest.mark.parametrize('loop', [dict(type='IterBasedTrainLoop'), dict(by_epoch=False)])
def test_sample_is_an_image_and_not_its_repetition(monkeypatch, loop):
    logged = []
    monkeypatch.setattr('bls_mm.config.print_log', lambda text, **options: logged.append(text))
    cfg = attach_bls(repeated(dict(max_iters=40000, **loop)), 'SeTa')
    assert cfg.train_dataloader.dataset == dict(type='DRIVEDataset', data_root='data/DRIVE')
    assert cfg.train_cfg.max_iters == 40000
    assert 'the data set inside RepeatDataset(times=40000)' in logged[0]


def test_repetitions_of_a_loop_of_epochs_stay():
    cfg = repeated(dict(by_epoch=True, max_epochs=2))
    assert attach_bls(cfg, 'SeTa').train_dataloader.dataset == cfg.train_dataloader.dataset


def test_base_of_another_package_keeps_its_collate_function(tmp_path):
    pytest.importorskip('mmpretrain', reason='needs mmpretrain')
    path = tmp_path / 'config.py'
    path.write_text("_base_ = 'mmpretrain::simclr/simclr_resnet50_16xb256-coslr-200e_in1k.py'\n")
    assert load_config(str(path)).train_dataloader.collate_fn == dict(type='default_collate')
