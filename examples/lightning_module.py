"""Prunes in a module of PyTorch Lightning.

python examples/lightning_module.py
"""

import logging
import warnings
from typing import Tuple

import pytorch_lightning as lightning
import torch
from digits import accuracy, load, make_model
from three_runs import compare
from torch import Tensor
from torch.nn.functional import cross_entropy

from bls_mm import PrunedLoader

OPTIONS = dict(
    use_distributed_sampler=False,  # the loader gives each process its own samples
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)


class Digits(lightning.LightningModule):
    """Classifies digits, and prunes its training images."""

    def __init__(self, pruner: dict) -> None:
        super().__init__()
        self.model = make_model()
        self.pruner = pruner
        self.loader_state = None

    def configure_optimizers(self) -> Tuple[list, list]:
        optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.9)
        epochs = self.trainer.max_epochs
        return [optimizer], [torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)]

    def train_dataloader(self) -> PrunedLoader:
        self.loader = PrunedLoader(  # here, since now the processes know of each other
            load('train'),
            batch_size=8,
            max_epochs=self.trainer.max_epochs,
            pruner=self.pruner,
            scorer='auto',
            seed=0,
        )
        if self.loader_state is not None:
            self.loader.load_state_dict(self.loader_state)
        # Lightning begins to iterate before it calls on_train_epoch_start.
        self.loader.set_epoch(self.trainer.fit_loop.epoch_progress.current.processed)
        return self.loader

    def on_train_epoch_start(self) -> None:
        self.loader.set_epoch(self.current_epoch)

    def training_step(self, batch: Tuple[Tensor, Tensor], _: int) -> Tensor:
        images, labels = batch
        losses = cross_entropy(self.model(images), labels, reduction='none')
        return self.loader.score(losses).mean()

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint['pruned_loader'] = self.loader.state_dict()

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        self.loader_state = checkpoint['pruned_loader']


def train(pruner: dict, epochs: int) -> Tuple[PrunedLoader, float]:
    """Trains with a pruner; returns the loader and the accuracy on the test images."""
    digits = Digits(pruner)
    lightning.Trainer(max_epochs=epochs, **OPTIONS).fit(digits)
    return digits.loader, accuracy(digits.model)


def main() -> None:
    """Runs the example."""
    logging.getLogger('pytorch_lightning').setLevel(logging.WARNING)
    warnings.filterwarnings('ignore', '.*treespec')  # of Lightning 2.5 with torch 2.11
    compare(train, '{:.1%} right', epochs=20)


if __name__ == '__main__':
    main()
