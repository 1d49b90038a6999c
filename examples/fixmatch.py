"""Prunes the images without labels of a semi-supervised training (FixMatch).

python examples/fixmatch.py
"""

from itertools import cycle
from typing import Tuple

import torch
from digits import accuracy, load, make_model
from three_runs import compare
from torch import Tensor
from torch.nn.functional import affine_grid, cross_entropy, grid_sample
from torch.utils.data import DataLoader, Subset

from bls_mm import PrunedLoader

NUM_LABELS = 40  # of 1,347 images
CONFIDENT = 0.95  # a guess above this probability counts as a label
WEAK, STRONG = 0.05, 0.15  # augmentations


def augment(images: Tensor, strength: float) -> Tensor:
    """Returns the images, each with a random affine transform and noise."""
    transforms = torch.eye(2, 3) + strength * torch.randn(len(images), 2, 3)
    grid = affine_grid(transforms, images.shape, align_corners=False)
    moved = grid_sample(images, grid, align_corners=False)
    return moved + strength * torch.randn_like(moved)


def train(pruner: dict, epochs: int) -> Tuple[PrunedLoader, float]:
    """Trains with a pruner; returns the loader and the accuracy on the test images."""
    images = load('train')
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9, nesterov=True)
    labelled = cycle(DataLoader(Subset(images, range(NUM_LABELS)), 20))
    unlabelled = PrunedLoader(images, 64, max_epochs=epochs, pruner=pruner, scorer='auto', seed=0)
    for epoch in range(epochs):
        unlabelled.set_epoch(epoch)
        for samples, _ in unlabelled:
            with torch.no_grad():
                confidences, guesses = model(augment(samples, WEAK)).softmax(1).max(1)
            losses = cross_entropy(model(augment(samples, STRONG)), guesses, reduction='none')
            losses = unlabelled.score(losses * (confidences > CONFIDENT))
            known, labels = next(labelled)
            loss = cross_entropy(model(augment(known, WEAK)), labels) + losses.mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return unlabelled, accuracy(model)


def main() -> None:
    """Runs the example."""
    compare(train, '{:.1%} right', epochs=60)


if __name__ == '__main__':
    main()
