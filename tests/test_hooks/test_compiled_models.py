"""Compiled models are scored and weighted like others."""

import pytest
import torch
from toy import ToyModel, assert_same_scores, replay, train

OPTIONS = dict(max_epochs=4, optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.05)))


def assert_like_plain(tmp_path, **options):
    _, plain, plain_hook = train(tmp_path / 'plain', **OPTIONS)
    _, recorder, hook = train(tmp_path / 'compiled', **options, **OPTIONS)
    assert recorder.batches == plain.batches
    assert recorder.losses == pytest.approx(plain.losses, rel=1e-5)
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert plain_hook.sampler.plan.weights is not None


def test_compiled_by_mmengine(tmp_path):
    assert_like_plain(tmp_path, cfg=dict(compile=dict(backend='eager')))


def test_compiled_forward(tmp_path):
    model = ToyModel()
    compiled = torch.compile(model.forward, backend='eager')
    model.forward = compiled
    assert_like_plain(tmp_path, model=model)
    assert model.forward is compiled


@pytest.mark.skipif(
    not hasattr(torch.nn.Module, 'compile'), reason='nn.Module.compile is new in torch 2.2'
)
def test_module_compiled_in_place(tmp_path):
    model = ToyModel()
    model.compile(backend='eager')
    assert_like_plain(tmp_path, model=model)


def test_wrapped_compiled_module(tmp_path):
    model = torch.compile(ToyModel(), backend='eager')
    assert_like_plain(tmp_path, model=model)
    assert {'forward', 'train_step'}.isdisjoint(vars(model._orig_mod))
