"""ViECap: captions of images, learned from text alone."""

from typing import List, Optional, Union

import torch
from mmengine.model import BaseModel
from mmpretrain.models.utils.huggingface import register_hf_model
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn
from torch.nn.functional import cross_entropy, normalize
from transformers import AutoTokenizer, BatchEncoding, CLIPModel

from .entities import hard_prompt
from .entity_finder import EntityFinder
from .mapping_network import MappingNetwork

register_hf_model(CLIPModel)


@MODELS.register_module()
class ViECap(BaseModel):
    """Describes an image from its CLIP embedding and the entities that CLIP finds in it.

    Training needs no images. A frozen CLIP embeds the caption, and noise is added to bridge the gap
    between text and image embeddings. A mapping network turns the result into soft prompts, and the
    entities of the caption form a hard prompt. GPT-2 learns to continue both with the caption.

    Source: Transferable Decoding with Visual Entities for Zero-Shot Image Captioning (ICCV 2023,
    arXiv 2307.16525).

    Args:
        clip (str): Name or folder of a CLIP model of transformers.
        language_model (str): Name or folder of a GPT-2 model of transformers.
        mapping (dict): Options of :class:`MappingNetwork`.
        noise_variance (float): Variance of the noise on text embeddings. Defaults to 0.016.
        reduction (str): ``'mean'`` returns the mean loss of all tokens of the batch. ``'none'``
            returns ``(B,)`` losses, each sample's part of it: their mean is the same number.
        entities (dict): Options of :class:`EntityFinder`: what to look for in images.
        num_beams (int): Width of the beam search. Defaults to 5.
        max_new_tokens (int): Largest number of tokens of a caption of an image. Defaults to 64.
        max_length (int): Largest number of tokens of a hard prompt and a caption to learn; the rest
            of the caption is left out. Defaults to 128.
        data_preprocessor (dict, optional): Defaults to a ``MultiModalDataPreprocessor``.
    """

    def __init__(
        self,
        clip: str = 'openai/clip-vit-base-patch32',
        language_model: str = 'gpt2',
        mapping: Optional[dict] = None,
        noise_variance: float = 0.016,
        reduction: str = 'mean',
        entities: Optional[dict] = None,
        num_beams: int = 5,
        max_new_tokens: int = 64,
        max_length: int = 128,
        data_preprocessor: Optional[dict] = None,
    ) -> None:
        if reduction not in ('mean', 'none'):
            raise ValueError(f"reduction must be one of 'mean' and 'none', but got {reduction!r}")
        preprocessor = {'type': 'MultiModalDataPreprocessor', **(data_preprocessor or {})}
        super().__init__(MODELS.build(preprocessor))
        self.clip = MODELS.build(dict(type='CLIPModel', name_or_path=clip)).requires_grad_(False)
        self.clip_tokenizer = AutoTokenizer.from_pretrained(clip)
        self.gpt = MODELS.build(dict(type='AutoModelForCausalLM', name_or_path=language_model))
        # Padding comes before the hard prompt, so that all prompts end where a caption begins.
        self.tokenizer = AutoTokenizer.from_pretrained(
            language_model, padding_side='left', pad_token='<|endoftext|>'
        )
        self.mapping_network = MappingNetwork(
            self.clip.config.projection_dim, self.gpt.config.hidden_size, **(mapping or {})
        )
        self.noise_std = noise_variance**0.5
        self.reduction = reduction
        self.find_entities = EntityFinder(self.embed_texts, **(entities or {}))
        self.search = dict(num_beams=num_beams, max_new_tokens=max_new_tokens, do_sample=False)
        self.max_length = max_length

    def train(self, mode: bool = True) -> nn.Module:
        """Sets the mode of all parts except CLIP, which is frozen."""
        super().train(mode)
        self.clip.eval()
        return self

    def forward(
        self,
        images: Optional[torch.Tensor] = None,
        data_samples: Optional[List[DataSample]] = None,
        mode: str = 'loss',
    ) -> Union[dict, List[DataSample]]:
        """Computes losses of captions, or captions of images.

        Args:
            images (torch.Tensor, optional): ``(B, 3, H, W)``, needed in mode ``'predict'`` only.
            data_samples (list[DataSample], optional): In mode ``'loss'`` with ``gt_caption`` (str)
                and ``entities`` (list[str]).
            mode (str): ``'loss'`` or ``'predict'``.

        Returns:
            dict or list[DataSample]: ``loss``; or the data samples with ``pred_caption``.
        """
        if mode == 'loss':
            return self.loss(data_samples)
        if mode == 'predict':
            return self.predict(images, data_samples)
        raise ValueError(f"mode must be one of 'loss' and 'predict', but got {mode!r}")

    def loss(self, data_samples: List[DataSample]) -> dict:
        """Returns the cross entropy of the tokens of the captions."""
        texts = [sample.gt_caption for sample in data_samples]
        embeddings = self.embed_texts(texts)
        if self.training:
            noise = torch.randn_like(embeddings) * self.noise_std
            embeddings = normalize(embeddings + noise, dim=-1)
        prompts = [hard_prompt(sample.entities) for sample in data_samples]
        tokens = self.tokenizer(
            prompts,
            texts,
            padding=True,
            truncation='only_second',
            max_length=self.max_length,
            return_tensors='pt',
        ).to(embeddings.device)
        inputs = self._inputs(embeddings, tokens)
        # GPT-2 would count the padding between the prompts as positions.
        positions = inputs['attention_mask'].cumsum(1) - 1
        logits = self.gpt(**inputs, position_ids=positions).logits
        num_tokens = tokens.input_ids.shape[1]
        predictions = logits[:, -num_tokens - 1 : -1].transpose(1, 2).float()
        losses = cross_entropy(predictions, tokens.input_ids, reduction='none')
        parts = [tokens.sequence_ids(row) for row in range(len(texts))]
        is_caption = losses.new_tensor([[part == 1 for part in row] for row in parts])
        losses = (losses * is_caption).sum(1) * (len(texts) / is_caption.sum())
        return dict(loss=losses if self.reduction == 'none' else losses.mean())

    def predict(
        self, images: torch.Tensor, data_samples: Optional[List[DataSample]] = None
    ) -> List[DataSample]:
        """Adds ``pred_caption`` to the data samples of images."""
        with torch.no_grad():
            embeddings = normalize(self.clip.get_image_features(images), dim=-1)
        captions = self.describe(embeddings)
        data_samples = data_samples or [DataSample() for _ in captions]
        for sample, caption in zip(data_samples, captions):
            sample.set_field(caption, 'pred_caption')
        return data_samples

    @torch.no_grad()
    def describe(self, embeddings: torch.Tensor) -> List[str]:
        """Returns captions of images by their ``(B, C)`` normalised embeddings."""
        prompts = [hard_prompt(entities) for entities in self.find_entities(embeddings)]
        tokens = self.tokenizer(prompts, padding=True, return_tensors='pt').to(embeddings.device)
        stops = [self.tokenizer(stop).input_ids[-1] for stop in ('.', ' .')]
        found = self.gpt.generate(
            **self._inputs(embeddings, tokens),
            **self.search,
            eos_token_id=stops,
            pad_token_id=self.tokenizer.pad_token_id,
        )
        captions = self.tokenizer.batch_decode(found, skip_special_tokens=True)
        return [caption.strip() for caption in captions]

    @torch.no_grad()
    def embed_texts(self, texts: List[str]) -> torch.Tensor:
        """Returns the normalised ``(B, C)`` embeddings of texts by CLIP."""
        tokens = self.clip_tokenizer(texts, padding=True, truncation=True, return_tensors='pt')
        embeddings = self.clip.get_text_features(**tokens.to(self.clip.device))
        return normalize(embeddings.float(), dim=-1)

    def _inputs(self, embeddings: torch.Tensor, tokens: BatchEncoding) -> dict:
        """Returns the inputs of GPT-2: soft prompts, and the embeddings of tokens after them."""
        soft = self.mapping_network(embeddings)
        hard = self.gpt.get_input_embeddings()(tokens.input_ids)
        mask = torch.cat([tokens.attention_mask.new_ones(soft.shape[:2]), tokens.attention_mask], 1)
        return dict(inputs_embeds=torch.cat([soft, hard], 1), attention_mask=mask)
