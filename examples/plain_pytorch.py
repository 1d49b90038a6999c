"""Prunes in a plain PyTorch loop: three lines, numbered in the comments.

python examples/plain_pytorch.py
"""

import argparse

import torch
from digits import accuracy, load, make_model
from torch.nn.functional import cross_entropy

from bls_mm import PrunedLoader


def train(pruner: str, epochs: int) -> None:
    """Trains with a pruner, and prints the samples seen and the accuracy."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)  # steps by epoch
    loader = PrunedLoader(  # 1: instead of DataLoader
        load('train'), batch_size=8, max_epochs=epochs, pruner=dict(type=pruner), seed=0
    )
    samples = 0
    for epoch in range(epochs):
        loader.set_epoch(epoch)  # 2
        for images, labels in loader:
            loss = loader.score(cross_entropy(model(images), labels))  # 3
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            samples += len(labels)
        schedule.step()
    pruned = 1 - samples / (epochs * len(loader.dataset))
    print(f'{pruner:13} {samples:6,} samples, {pruned:5.1%} pruned, {accuracy(model):.1%} right')


def main() -> None:
    """Runs the example."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--epochs', type=int, default=20)
    parser.add_argument('--pruners', nargs='+', default=['NoPruning', 'SeTa', 'InfoBatch'])
    args = parser.parse_args()
    for pruner in args.pruners:
        train(pruner, args.epochs)


if __name__ == '__main__':
    main()
