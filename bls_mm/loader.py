"""Pruning in a training loop of one's own, without MMEngine's runner."""

import warnings
from typing import Any, Iterator, Optional, Union

import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset

from .losses import weigh_gradients
from .pruners import Pruner
from .samplers import Batch, BLSSampler, RecordingBatchSampler
from .scorers import Scorer

OWN = ('sampler', 'batch_sampler', 'in_order')


class PrunedLoader(DataLoader):
    """A ``DataLoader`` whose epochs leave out what is not worth training on.

    It takes the place of the training loader; :meth:`set_epoch` and :meth:`score` are the only
    calls to add. On several ranks it hands every rank its share, and needs no sampler for that.
    Where a batch of one sample would be left over, which BatchNorm may not train on, one sample
    comes twice.

    Args:
        dataset (Dataset): The training set, N samples.
        batch_size (int): Samples of a batch. Defaults to 1.
        shuffle (bool): Whether to shuffle the kept samples. Defaults to True.
        drop_last (bool): Whether to leave out a last batch that is not full. Defaults to False.
        max_epochs (int): Epochs of the run; the last ones anneal.
        pruner (dict or Pruner): Config of a pruner. Defaults to ``dict(type='SeTa')``.
        scorer (dict or Scorer): Config of a scorer. Defaults to ``dict(type='BatchLossScorer')``.
        seed (int, optional): Seed of selection and order. Defaults to None, a random one.
        **options: Any other option of ``DataLoader``.

    Raises:
        ValueError: If an option would have others hand out samples, or in another order.

    Examples:
        >>> loader = PrunedLoader(dataset, batch_size=16, max_epochs=30)
        >>> for epoch in range(30):
        ...     loader.set_epoch(epoch)
        ...     for images, labels in loader:
        ...         loss = loader.score(criterion(model(images), labels))
        ...         loss.backward()
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        shuffle: bool = True,
        drop_last: bool = False,
        *,
        max_epochs: int,
        pruner: Union[dict, Pruner] = dict(type='SeTa'),  # noqa: B006
        scorer: Union[dict, Scorer] = dict(type='BatchLossScorer'),  # noqa: B006
        seed: Optional[int] = None,
        **options,
    ) -> None:
        for name in OWN:
            if name in options:
                raise ValueError(
                    f'PrunedLoader takes no {name}, but got {options[name]!r}: it hands out the '
                    'samples itself, and knows them by their order; leave it out'
                )
        if not isinstance(max_epochs, int) or max_epochs < 1:
            raise ValueError(f'max_epochs must be a positive integer, but got {max_epochs!r}')
        self.bls = BLSSampler(dataset, scorer=scorer, pruner=pruner, shuffle=shuffle, seed=seed)
        self.bls.max_epochs = max_epochs
        if batch_size > 1 and not drop_last:
            self.bls.never_one_of = batch_size  # what is left over changes from epoch to epoch
        self._batch: Optional[Batch] = None
        self._is_planned = False
        batches = RecordingBatchSampler(
            BatchSampler(self.bls, batch_size, drop_last), self.bls.weights_of
        )
        super().__init__(dataset, batch_sampler=batches, **options)

    def set_epoch(self, epoch: int) -> None:
        """Plans an epoch, by the scores of now; on several ranks all must call it.

        Where ``drop_last`` would leave no batch of what is kept, the epoch is one of all samples.

        Args:
            epoch (int): The epoch, from 0.
        """
        self.bls.exchange()
        self.bls.set_epoch(epoch)
        self._is_planned = True
        if len(self) == 0:
            self.bls.keep_all()

    def __iter__(self) -> Iterator[Any]:
        if not self._is_planned:
            warnings.warn(
                'this epoch was not planned, so it prunes nothing new and comes in the old order; '
                'call loader.set_epoch(epoch) before each epoch',
                stacklevel=2,
            )
        self._is_planned = self._is_scored = False
        for batch in super().__iter__():
            self._batch = self.batch_sampler.next_returned()
            yield batch
        if not self._is_scored:
            warnings.warn(
                'no loss of this epoch was scored, so nothing is known of its samples; call '
                'loader.score(loss) for each batch',
                stacklevel=2,
            )

    def score(self, loss: torch.Tensor) -> torch.Tensor:
        """Takes in the loss of the batch that was yielded last, once.

        Args:
            loss (torch.Tensor): Scalar, or ``(B,)``, the loss of each sample.

        Returns:
            torch.Tensor: The same loss, to be minimised in its place. Its values are unchanged; its
            gradient carries the weights of the pruner, where that has any.

        Raises:
            RuntimeError: If no batch waits for its loss.
        """
        if self._batch is None:
            raise RuntimeError(
                'no batch waits for its loss; call score once for each batch of the loader'
            )
        batch, self._batch = self._batch, None
        self._is_scored = True
        self.bls.update(batch.samples, loss)
        if batch.weights is None:
            return loss
        return weigh_gradients(dict(loss=loss), batch.weights, batch.weight)['loss']

    def state_dict(self) -> dict:
        """Returns what a resumed run needs; on several ranks all must call it."""
        self.bls.exchange()
        return self.bls.state_dict()

    def load_state_dict(self, state: dict) -> None:
        """Takes over what :meth:`state_dict` returned."""
        self.bls.load_state_dict(state)
