"""Listens to the losses that a model returns, and weighs their gradients."""

from typing import Dict, Optional, Union

import torch
from torch import nn

from bls_mm.losses import are_per_sample, batch_loss, sample_losses, weigh_gradients
from bls_mm.samplers import Batch


class LossTap:
    """A forward hook on a model, between its losses and MMEngine's ``parse_losses``.

    There the losses are what will be minimised: every component, not yet summed, logged, divided
    for accumulation or scaled for mixed precision.

    Args:
        model (nn.Module): The model, unwrapped. MMEngine calls it with ``mode='loss'``.
        per_sample (bool, optional): Whether to read the loss of each sample, or of the batch; None
            lets the first batch decide: each sample's where all losses come as vectors of it.
        components (dict[str, float], optional): Which components to read, and their weights.
        compiled (bool): Whether ``torch.compile`` works on the model. Defaults to False.

    Attributes:
        batch (Batch, optional): The batch that the model is about to see. Without one it is not
            listened to, as where another hook runs it between iterations.
    """

    def __init__(
        self,
        model: nn.Module,
        per_sample: Optional[bool],
        components: Optional[Dict[str, float]] = None,
        compiled: bool = False,
    ) -> None:
        self.per_sample = per_sample
        self.components = components
        self.batch: Optional[Batch] = None
        self._loss: Optional[Union[torch.Tensor, float]] = None
        # A compiler must not trace it: a graph would hold on to the weights of one batch.
        listen = torch.compiler.disable(self._listen) if compiled else self._listen
        self._handle = model.register_forward_hook(listen, with_kwargs=True)

    def _listen(self, model, args, kwargs, output):
        batch = self.batch
        if batch is None or kwargs.get('mode') != 'loss' or not model.training:
            return output
        if not isinstance(output, dict):
            raise TypeError(
                f"{type(model).__name__} returned {type(output).__name__} in mode='loss'; BLSHook "
                'needs the dict of losses that MMEngine models return'
            )
        # Now, since to hold on to the losses would keep the graph of the iteration alive.
        self._loss = self._loss_of(output, len(batch.samples))
        if batch.weights is None:
            return output
        return weigh_gradients(output, batch.weights, batch.weight)

    def _loss_of(self, losses: dict, batch_size: int) -> Union[torch.Tensor, float]:
        if self.per_sample is None:
            self.per_sample = are_per_sample(losses, batch_size, self.components)
        if self.per_sample:
            return sample_losses(losses, batch_size, self.components)
        return batch_loss(losses, self.components)

    def read(self) -> Union[torch.Tensor, float]:
        """Returns the loss of the batch, and forgets both.

        Returns:
            torch.Tensor or float: ``(B,)`` float32, detached, on the model's device if
            ``per_sample``; else the loss of the batch, see :func:`bls_mm.losses.batch_loss`.

        Raises:
            RuntimeError: If the model was not called.
        """
        loss, self._loss, self.batch = self._loss, None, None
        if loss is None:
            raise RuntimeError(
                "the model's forward was not called with mode='loss' in this iteration, so BLSHook "
                'saw no loss; a model with a train_step of its own must call it for its losses'
            )
        return loss

    def remove(self) -> None:
        """Takes the hook off the model."""
        self._handle.remove()
