"""From an embedding of CLIP to soft prompts of a language model."""

import torch
from torch import nn


class MappingNetwork(nn.Module):
    """A transformer whose learned queries read an embedding and become soft prompts.

    Source: ViECap (ICCV 2023, arXiv 2307.16525), which has it from ClipCap (arXiv 2111.09734).

    Args:
        in_channels (int): Width C of the embedding.
        width (int): Width D of the language model.
        clip_length (int): Number of tokens that the embedding becomes. Defaults to 10.
        prompt_length (int): Number P of soft prompts. Defaults to 10.
        num_layers (int): Number of transformer layers. Defaults to 8.
        num_heads (int): Number of attention heads. Defaults to 8.
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        clip_length: int = 10,
        prompt_length: int = 10,
        num_layers: int = 8,
        num_heads: int = 8,
    ) -> None:
        super().__init__()
        self.clip_length = clip_length
        self.expand = nn.Linear(in_channels, clip_length * width)
        self.queries = nn.Parameter(torch.randn(prompt_length, width))
        self.layers = nn.Sequential(
            *(
                nn.TransformerEncoderLayer(
                    width,
                    num_heads,
                    dim_feedforward=2 * width,
                    dropout=0.0,
                    batch_first=True,
                    norm_first=True,
                )
                for _ in range(num_layers)
            )
        )

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Maps ``(B, C)`` embeddings to ``(B, P, D)`` soft prompts."""
        tokens = self.expand(embeddings).unflatten(1, (self.clip_length, -1))
        queries = self.queries.expand(len(tokens), -1, -1)
        return self.layers(torch.cat([tokens, queries], dim=1))[:, self.clip_length :]
