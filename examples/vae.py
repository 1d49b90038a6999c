"""Prunes while a variational autoencoder learns to generate handwritten digits.

python examples/vae.py
"""

from typing import Tuple

import torch
from digits import load
from three_runs import compare
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from bls_mm import PrunedLoader


class VAE(nn.Module):
    """A variational autoencoder of images of 8 x 8 pixels, with 8 latent variables."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 2 * 8)
        )
        self.decoder = nn.Sequential(
            nn.Linear(8, 128), nn.ReLU(), nn.Linear(128, 64), nn.Unflatten(1, (1, 8, 8))
        )

    def forward(self, images: Tensor) -> Tensor:
        """Returns the negative ELBO of each image, in nats."""
        mean, log_variance = self.encoder(images).chunk(2, dim=1)
        latent = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        pixels = binary_cross_entropy_with_logits(self.decoder(latent), images, reduction='none')
        divergence = (mean**2 + log_variance.exp() - log_variance - 1) / 2
        return pixels.flatten(1).sum(1) + divergence.sum(1)


def train(pruner: dict, epochs: int) -> Tuple[PrunedLoader, float]:
    """Trains with a pruner; returns the loader and the negative ELBO of the test images."""
    torch.manual_seed(0)
    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loader = PrunedLoader(
        load('train'), 32, max_epochs=epochs, pruner=pruner, scorer='auto', seed=0
    )
    for epoch in range(epochs):
        loader.set_epoch(epoch)
        for images, _ in loader:
            losses = loader.score(model(images))  # one loss for each image
            optimizer.zero_grad()
            losses.mean().backward()
            optimizer.step()
    torch.manual_seed(0)  # the same latent noise for every model
    with torch.no_grad():
        return loader, model(load('test').tensors[0]).mean().item()


def main() -> None:
    """Runs the example."""
    compare(train, 'test -ELBO {:.2f} nats', epochs=100)


if __name__ == '__main__':
    main()
