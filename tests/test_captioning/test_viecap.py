import pytest
import torch
from torch.nn.functional import normalize

pytest.importorskip('mmpretrain', reason='needs MMPretrain')
pytest.importorskip('transformers', reason='needs transformers')
pytest.importorskip('pycocoevalcap', reason='needs pycocoevalcap')

from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from tiny_language import CAPTIONS, NOUNS
from transformers import AutoModelForCausalLM

from bls_mm.captioning.entities import clean_entities, find_nouns, hard_prompt


@pytest.fixture
def build(language):
    def build(**options):
        torch.manual_seed(0)
        mapping = dict(num_layers=2)
        return MODELS.build({'type': 'ViECap', **language, 'mapping': mapping, **options})

    return build


def samples_of(captions=CAPTIONS, entities=True):
    samples = []
    for caption in captions:
        sample = DataSample()
        sample.set_field(caption, 'gt_caption')
        found = find_nouns(caption, NOUNS) if entities else []
        sample.set_field(clean_entities(found), 'entities')
        samples.append(sample)
    return samples


def fit(model, samples, steps, lr=3e-3):
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=lr)
    model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        model(data_samples=samples, mode='loss')['loss'].mean().backward()
        optimizer.step()
    return model.eval()


def state_of(module):
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


@pytest.mark.parametrize('training', [True, False])
def test_noise_is_added_in_training_only(build, training):
    model = build().train(training)
    received = []
    model.mapping_network.register_forward_pre_hook(lambda module, args: received.append(args[0]))
    model(data_samples=samples_of(), mode='loss')
    clean = model.embed_texts(list(CAPTIONS))
    torch.testing.assert_close(received[0].norm(dim=-1), torch.ones(len(CAPTIONS)))
    assert torch.allclose(received[0], clean) == (not training)


def test_variance_of_the_noise(build):
    model = build(noise_variance=0.016)
    received = []
    model.mapping_network.register_forward_pre_hook(lambda module, args: received.append(args[0]))
    for _ in range(20):
        model(data_samples=samples_of(), mode='loss')
    cosines = (torch.cat(received) * model.embed_texts(list(CAPTIONS)).repeat(20, 1)).sum(-1)
    noise = torch.randn(10_000, 16) * 0.016**0.5
    noise[:, 0] += 1
    expected = normalize(noise, dim=-1)[:, 0].mean()
    assert cosines.mean().item() == pytest.approx(expected.item(), abs=0.01)


def test_clip_stays_frozen_and_gpt2_learns_the_captions(build):
    model = build(noise_variance=0.001)
    clip, gpt = state_of(model.clip), state_of(model.gpt)
    samples = samples_of(entities=False)  # as in an image without any
    before = model.eval()(data_samples=samples, mode='loss')['loss'].item()
    fit(model, samples, steps=150)
    after = model(data_samples=samples, mode='loss')['loss'].item()
    assert not any(module.training for module in model.clip.modules())
    assert state_of(model.clip).equal(clip)
    assert not state_of(model.gpt).equal(gpt)
    assert after < before / 10
    described = model.describe(model.embed_texts(list(CAPTIONS)))
    assert sum(a == b for a, b in zip(described, CAPTIONS)) > 6


def test_loss_counts_the_tokens_of_the_caption_only(build):
    model = build().eval()
    (sample,) = samples_of(CAPTIONS[:1])
    prompt = model.tokenizer(hard_prompt(sample.entities)).input_ids
    caption = model.tokenizer(sample.gt_caption).input_ids
    soft = model.mapping_network(model.embed_texts([sample.gt_caption]))
    hard = model.gpt.get_input_embeddings()(torch.tensor([prompt + caption]))
    labels = torch.tensor([[-100] * (soft.shape[1] + len(prompt)) + caption])
    expected = model.gpt(inputs_embeds=torch.cat([soft, hard], 1), labels=labels).loss
    torch.testing.assert_close(model(data_samples=[sample], mode='loss')['loss'], expected)


def test_sample_losses_are_parts_of_the_mean(build):
    """Also, the padding of a batch changes no loss."""
    samples = samples_of()
    mean = build().eval()(data_samples=samples, mode='loss')['loss']
    model = build(reduction='none').eval()
    losses = model(data_samples=samples, mode='loss')['loss']
    assert losses.shape == (len(samples),)
    torch.testing.assert_close(losses.mean(), mean)
    lengths = torch.tensor([len(model.tokenizer(caption).input_ids) for caption in CAPTIONS])
    alone = torch.cat([model(data_samples=[sample], mode='loss')['loss'] for sample in samples])
    torch.testing.assert_close(losses, alone * lengths / lengths.float().mean())


def test_a_long_caption_is_cut(build):
    whole, cut = CAPTIONS[0], ' '.join(CAPTIONS[0].split()[:4])
    losses = []
    for caption, max_length in ((whole, 7 + 4), (cut, 128)):
        model = build(max_length=max_length).eval()
        model.embed_texts = lambda texts: torch.ones(len(texts), 16)
        (sample,) = samples_of([caption])
        sample.entities = ['dog']
        assert len(model.tokenizer(hard_prompt(sample.entities)).input_ids) == 7
        losses.append(model(data_samples=[sample], mode='loss')['loss'])
    torch.testing.assert_close(*losses)


def test_predict_gives_each_image_a_caption(build):
    model = build(entities=dict(vocabulary=NOUNS, threshold=0.0, top_k=2), max_new_tokens=8).eval()
    samples = [DataSample(metainfo=dict(image_id=number)) for number in range(3)]
    images = torch.randn(3, 3, 224, 224)
    result = model.forward(images, samples, mode='predict')
    assert [sample.image_id for sample in result] == [0, 1, 2]
    assert all(isinstance(sample.pred_caption, str) for sample in result)
    alone = model.predict(images[1:2])
    assert alone[0].pred_caption == result[1].pred_caption


def test_entities_of_an_image_are_in_its_prompt(build, monkeypatch):
    model = build(entities=dict(vocabulary=NOUNS, threshold=0.0, top_k=2)).eval()
    prompts = []
    monkeypatch.setattr('bls_mm.captioning.viecap.hard_prompt', lambda e: prompts.append(e) or 'X')
    model.describe(model.embed_texts(['a dog']))
    assert len(prompts[0]) == 2
    assert set(prompts[0]) <= set(NOUNS)


def test_initialisation_keeps_pretrained_weights(build, language):
    model = build()
    model.init_weights()
    pretrained = AutoModelForCausalLM.from_pretrained(language['language_model'])
    assert state_of(model.gpt).equal(state_of(pretrained))


def test_unknown_reduction_and_mode_are_refused(build):
    with pytest.raises(ValueError, match="reduction must be one of 'mean' and 'none'"):
        build(reduction='sum')
    with pytest.raises(ValueError, match="mode must be one of 'loss' and 'predict'"):
        build()(mode='tensor')
