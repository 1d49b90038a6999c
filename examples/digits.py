"""The task of the examples: a small network on the handwritten digits of scikit-learn."""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.utils.data import TensorDataset


def load(split: str) -> TensorDataset:
    """Returns 1,347 images (1, 8, 8) for ``'train'``, or the other 450 for ``'test'``."""
    digits = load_digits()
    images = torch.tensor(digits.images / 16, dtype=torch.float32).unsqueeze(1)
    labels = torch.tensor(digits.target)
    parts = train_test_split(images, labels, test_size=450, random_state=0, stratify=labels)
    return TensorDataset(*(parts[0::2] if split == 'train' else parts[1::2]))


def make_model() -> nn.Module:
    """Returns the network, with the same weights in every run."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 10),
    )


@torch.no_grad()
def accuracy(model: nn.Module) -> float:
    """Returns the accuracy of a model on the test images."""
    images, labels = load('test').tensors
    predicted: Tensor = model(images.to(next(model.parameters()).device)).argmax(1)
    return (predicted.cpu() == labels).float().mean().item()
