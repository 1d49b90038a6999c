"""Prunes while a diffusion model (DDPM) of Diffusers learns to generate handwritten digits.

python examples/diffusion.py
"""

from typing import Tuple

import torch
from diffusers import DDPMScheduler, UNet2DModel
from digits import load
from three_runs import compare
from torch import Tensor

from bls_mm import PrunedLoader

NOISING = DDPMScheduler(num_train_timesteps=100)


def make_model() -> UNet2DModel:
    """Returns a U-Net of 160,000 parameters, with the same weights in every run."""
    torch.manual_seed(0)
    return UNet2DModel(
        sample_size=8,
        in_channels=1,
        out_channels=1,
        layers_per_block=1,
        block_out_channels=(16, 32),
        down_block_types=('DownBlock2D', 'DownBlock2D'),
        up_block_types=('UpBlock2D', 'UpBlock2D'),
        norm_num_groups=8,
    )


def sample_losses(model: UNet2DModel, images: Tensor) -> Tensor:
    """Returns the error of the predicted noise of each image, at a random timestep."""
    images = 2 * images - 1
    noise = torch.randn_like(images)
    timesteps = torch.randint(NOISING.config.num_train_timesteps, (len(images),))
    predicted = model(NOISING.add_noise(images, noise, timesteps), timesteps).sample
    return (predicted - noise).square().flatten(1).mean(1)


@torch.no_grad()
def evaluate(model: UNet2DModel) -> float:
    """Returns the mean loss of the test images, each with the same 10 noises and timesteps."""
    torch.manual_seed(0)
    return sample_losses(model, load('test').tensors[0].repeat(10, 1, 1, 1)).mean().item()


def train(pruner: dict, epochs: int) -> Tuple[PrunedLoader, float]:
    """Trains with a pruner; returns the loader and the loss of the test images."""
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loader = PrunedLoader(
        load('train'), 32, max_epochs=epochs, pruner=pruner, scorer='auto', seed=0
    )
    for epoch in range(epochs):
        loader.set_epoch(epoch)
        for images, _ in loader:
            losses = loader.score(sample_losses(model, images))
            optimizer.zero_grad()
            losses.mean().backward()
            optimizer.step()
    return loader, evaluate(model)


def main() -> None:
    """Runs the example."""
    compare(train, 'test loss {:.4f}', epochs=15)


if __name__ == '__main__':
    main()
