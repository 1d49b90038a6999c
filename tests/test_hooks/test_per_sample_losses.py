"""Losses are vectors over the batch, and the logged and minimised loss does not change."""

import pytest
import torch
from other_libraries import import_library
from torch import nn
from toy import ToyModel, build_runner

from bls_mm import BLSSampler
from bls_mm.hooks.per_sample_losses import PerSampleLosses

TEXTS = ['ab', 'cabcab', 'b', 'abcc']


@pytest.fixture(scope='module')
def mmocr():
    return import_library('mmocr.models')


class Model(nn.Module):
    """Has a head or a decoder, as models of MMPretrain and MMOCR do."""

    def __init__(self, **parts):
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)


def classify(options, weights, features):
    from mmpretrain.models import LinearClsHead, losses
    from mmpretrain.structures import DataSample

    options = dict(options)
    loss = getattr(losses, options.pop('type'))(**options)
    head = LinearClsHead(num_classes=5, in_channels=3, loss=loss)
    samples = [DataSample().set_gt_label(i) for i in range(len(features))]
    return Model(head=head), lambda: head._get_loss(features @ weights, samples)['loss']


def text_samples(texts):
    from mmengine.structures import LabelData
    from mmocr.structures import TextRecogDataSample

    return [TextRecogDataSample(gt_text=LabelData(item=text)) for text in texts]


def read(kind, options, weights, features, tmp_path, texts):
    from mmocr.models.common import Dictionary
    from mmocr.models.textrecog import module_losses

    (tmp_path / 'dict.txt').write_text('a\nb\nc')
    dictionary = Dictionary(
        dict_file=str(tmp_path / 'dict.txt'),
        with_start=kind != 'CTCModuleLoss',
        with_end=kind != 'CTCModuleLoss',
        with_padding=True,
    )
    if kind != 'CTCModuleLoss':
        options = dict(max_seq_len=8, **options)
    loss = getattr(module_losses, kind)(dictionary=dictionary, **options)
    samples = loss.get_targets(text_samples(texts))
    (name,) = (f'loss_{kind[:-10].lower()}',)
    return (
        Model(decoder=Model(module_loss=loss)),
        lambda: loss(features.unsqueeze(1) * torch.arange(1, 9)[:, None] @ weights, samples)[name],
    )


CLASSIFICATION = [
    dict(type='CrossEntropyLoss'),
    dict(type='CrossEntropyLoss', loss_weight=0.3, class_weight=[1.0, 2.0, 3.0, 4.0, 5.0]),
    dict(type='CrossEntropyLoss', use_soft=False, reduction='mean'),
    dict(type='LabelSmoothLoss', label_smooth_val=0.1, num_classes=5),
]
TEXT = [
    ('CTCModuleLoss', dict(letter_case='lower')),
    ('CTCModuleLoss', dict(zero_infinity=True, flatten=False)),
    ('CEModuleLoss', dict()),
    ('CEModuleLoss', dict(reduction='mean')),
    ('CEModuleLoss', dict(reduction='mean', ignore_first_char=True)),
    ('CEModuleLoss', dict(flatten=True, ignore_first_char=True)),
]


def check(build, alone):
    """Checks that losses are vectors of the same mean and gradient, and scalars afterwards."""
    weights = torch.randn(3, 7, generator=torch.Generator().manual_seed(0), requires_grad=True)
    features = torch.randn(4, 3, generator=torch.Generator().manual_seed(1))
    model, loss = build(weights, features)
    plain = loss().mean()
    (plain_gradient,) = torch.autograd.grad(plain, weights)
    with PerSampleLosses(model):
        losses = loss()
    assert losses.shape == (4,)
    assert losses.std() > 0.01
    torch.testing.assert_close(losses.mean(), plain)
    torch.testing.assert_close(torch.autograd.grad(losses.mean(), weights)[0], plain_gradient)
    if alone:
        for i in range(4):
            _, one = alone(weights, features[i : i + 1], i)
            torch.testing.assert_close(losses[i], one().mean())
    again = loss()
    assert torch.equal(again.mean(), plain)
    assert again.shape != (4,)


@pytest.mark.parametrize('options', CLASSIFICATION, ids=str)
def test_classification_losses(options):
    pytest.importorskip('mmpretrain')
    check(lambda weights, features: classify(options, weights[:, :5], features), None)


@pytest.mark.parametrize(('kind', 'options'), TEXT, ids=str)
def test_text_losses(mmocr, tmp_path, kind, options):
    def alone(weights, features, i):
        return read(kind, options, weights, features, tmp_path, TEXTS[i : i + 1])

    check(
        lambda weights, features: read(kind, options, weights, features, tmp_path, TEXTS),
        alone if kind == 'CTCModuleLoss' else None,
    )


@pytest.mark.parametrize('without', ['out_vis', 'out_langs', 'out_fusers', None])
def test_losses_of_abinet(mmocr, tmp_path, without):
    weights = dict(weight_vis=0.5, weight_lang=2.0, weight_fusion=1.0)

    def build(matrix, features):
        model, _ = read('ABIModuleLoss', weights, matrix, features, tmp_path, TEXTS)
        loss = model.decoder.module_loss
        samples = loss.get_targets(text_samples(TEXTS))

        def total():
            logits = features.unsqueeze(1) * torch.arange(1, 9)[:, None] @ matrix
            outputs = dict(
                out_vis=dict(logits=logits),
                out_langs=[dict(logits=logits * 0.7), dict(logits=logits + 1)],
                out_fusers=[dict(logits=logits * factor) for factor in (0.5, 0.9, 1.1)],
            )
            outputs.pop(without, None)
            return sum(loss(outputs, samples).values())

        return model, total

    check(build, None)


def test_mean_over_characters_is_split_by_text_length(mmocr, tmp_path):
    # All characters have the same loss, so only the lengths of the texts differ.
    weights, features = torch.zeros(3, 7), torch.ones(4, 3)
    options = dict(reduction='mean', ignore_first_char=True)
    model, loss = read('CEModuleLoss', options, weights, features, tmp_path, TEXTS)
    lengths = torch.tensor([len(text) + 1.0 for text in TEXTS]).clamp(max=7)  # with the end
    with PerSampleLosses(model):
        torch.testing.assert_close(loss() / loss().mean(), lengths / lengths.mean())


def test_unknown_losses_do_not_change():
    model = Model(head=nn.CrossEntropyLoss(), decoder=Model(module_loss=nn.CTCLoss()))
    with PerSampleLosses(model):
        assert model.head.reduction == model.decoder.module_loss.reduction == 'mean'


def test_auto_uses_sample_losses_if_there_are_any(tmp_path):
    for per_sample in (True, False):
        runner = build_runner(
            tmp_path / str(per_sample), model=ToyModel(per_sample), sampler=dict(scorer='auto')
        )
        runner.train()
        sampler = runner.train_dataloader.batch_sampler.sampler
        assert sampler.scorer.needs_sample_losses is per_sample
        assert sampler.scorer.visits.min() > 0


def test_auto_is_the_residual_scorer():
    assert type(BLSSampler(range(4), scorer='auto').scorer).__name__ == 'ResidualScorer'


def test_exchanged_losses_are_found():
    pytest.importorskip('mmpretrain')
    model, loss = classify(CLASSIFICATION[0], torch.ones(3, 5), torch.ones(4, 3))
    unreduced = PerSampleLosses(model)
    with unreduced:
        assert loss().shape == (4,)
        first = model.head.loss_module
        model.head.loss_module = type(first)(loss_weight=2.0)
    assert loss().shape == ()
    assert first.reduction == 'mean'
    with unreduced:
        assert loss().shape == (4,)
    assert model.head.loss_module.reduction == 'mean'


def test_losses_are_reduced_again_after_an_error():
    pytest.importorskip('mmpretrain')
    model, loss = classify(CLASSIFICATION[0], torch.ones(3, 5), torch.ones(4, 3))
    with pytest.raises(RuntimeError), PerSampleLosses(model):
        assert loss().shape == (4,)
        raise RuntimeError
    assert loss().shape == ()
