"""Prunes in a loop of Hugging Face Accelerate, on one process or several.

    python examples/hugging_face_accelerate.py
    torchrun --nproc_per_node 2 examples/hugging_face_accelerate.py --cpu

Accelerate prepares the model and the optimizer. Do not prepare the loader: it already gives each
process its own samples, and ``accelerator.prepare`` would split them again.
"""

import argparse

import torch
from accelerate import Accelerator
from digits import accuracy, load, make_model
from torch.nn.functional import cross_entropy

from bls_mm import PrunedLoader


def train(accelerator: Accelerator, pruner: str, epochs: int) -> None:
    """Trains with a pruner, and prints the samples seen and the accuracy."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    model, optimizer = accelerator.prepare(model, optimizer)
    loader = PrunedLoader(
        load('train'),
        batch_size=8,
        max_epochs=epochs,
        pruner=dict(type=pruner),
        scorer=dict(type='SampleLossScorer'),  # the losses are unreduced
        seed=0,
    )
    samples = 0
    for epoch in range(epochs):
        loader.set_epoch(epoch)
        for images, labels in loader:
            images, labels = images.to(accelerator.device), labels.to(accelerator.device)
            losses = loader.score(cross_entropy(model(images), labels, reduction='none'))
            optimizer.zero_grad()
            accelerator.backward(losses.mean())
            optimizer.step()
            samples += len(labels) * accelerator.num_processes
        schedule.step()  # not prepared: Accelerate would step it once per process
    pruned = 1 - samples / (epochs * len(loader.dataset))
    right = accuracy(accelerator.unwrap_model(model))
    accelerator.print(f'{pruner:13} {samples:6,} samples, {pruned:5.1%} pruned, {right:.1%} right')


def main() -> None:
    """Runs the example."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--epochs', type=int, default=20)
    parser.add_argument('--pruners', nargs='+', default=['NoPruning', 'SeTa', 'InfoBatch'])
    parser.add_argument('--cpu', action='store_true', help='train on the CPU')
    args = parser.parse_args()
    accelerator = Accelerator(cpu=args.cpu)
    accelerator.print(f'{accelerator.num_processes} processes')
    for pruner in args.pruners:
        train(accelerator, pruner, args.epochs)
    accelerator.end_training()


if __name__ == '__main__':
    main()
