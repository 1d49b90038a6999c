"""A dict of losses, as models return it, becomes one number. Pure functions."""

from typing import Dict, Iterator, List, Mapping, Optional, Tuple, Union

import numpy as np
import torch

Losses = Mapping[str, Union[torch.Tensor, List[torch.Tensor]]]


def loss_components(
    losses: Losses, weights: Optional[Dict[str, float]] = None
) -> Iterator[Tuple[str, torch.Tensor, float]]:
    """Picks the loss components out of what a model returned.

    Entries whose name contains no 'loss', such as accuracies, are only logged.

    Args:
        losses (Mapping): Name to tensor or list of tensors, of any shape.
        weights (dict[str, float], optional): Which components count, and how much. Defaults to
            None, all of them equally.

    Yields:
        tuple: Name, tensor and weight; of a list each of its tensors.

    Raises:
        KeyError: If a component is asked for that the model does not return.
        TypeError: If a loss is no tensor.
    """
    for name in filter(is_loss, losses) if weights is None else weights:
        if name not in losses:
            raise KeyError(
                f'components names {name!r}, but the model returns {", ".join(losses)}; '
                'name some of these'
            )
        value, weight = losses[name], 1.0 if weights is None else weights[name]
        if isinstance(value, (list, tuple)):
            for part in value:
                yield name, part, weight
        elif isinstance(value, torch.Tensor):
            yield name, value, weight
        else:
            raise TypeError(
                f'the loss {name!r} is of {type(value).__name__}; a model must return tensors, or '
                'lists of tensors'
            )


def is_loss(name: str) -> bool:
    """Whether an entry of this name is minimised, as MMEngine's ``parse_losses`` sees it."""
    return 'loss' in name


def batch_loss(
    losses: Losses, weights: Optional[Dict[str, float]] = None
) -> Union[float, torch.Tensor]:
    """Sums all components into the loss of the batch: what ``parse_losses`` minimises.

    Args:
        losses (Mapping): Name to tensor or list of tensors, of any shape.
        weights (dict[str, float], optional): See :func:`loss_components`.

    Returns:
        float or torch.Tensor: A number where the losses are on the CPU; else a float32 scalar,
        detached, on their device, so that nothing waits for it.

    Raises:
        ValueError: If there is no loss in it.
    """
    total = None
    for _, part, weight in loss_components(losses, weights):
        loss = _mean(part) if weight == 1 else _mean(part) * weight
        total = loss if total is None else total + loss
    if total is None:
        raise ValueError(
            f"the model returned {', '.join(losses) or 'nothing'}: no name contains 'loss'; "
            'name the components to score by in BLSHook(components=...)'
        )
    return total


def _mean(loss: torch.Tensor) -> Union[float, torch.Tensor]:
    if loss.ndim or not loss.is_cpu:
        loss = loss.detach().float().mean()
    return loss.item() if loss.is_cpu else loss


def sample_losses(
    losses: Losses, batch_size: int, weights: Optional[Dict[str, float]] = None
) -> torch.Tensor:
    """Sums all components into the loss of each sample; every one must come unreduced.

    Args:
        losses (Mapping): Name to tensor or list of tensors, each of shape ``(B,)``.
        batch_size (int): The B above.
        weights (dict[str, float], optional): See :func:`loss_components`.

    Returns:
        torch.Tensor: ``(B,)`` float32, detached, on the device of the losses.

    Raises:
        ValueError: If a component is not of shape ``(B,)``.
    """
    total = 0
    for name, part, weight in loss_components(losses, weights):
        if not is_per_sample(part, batch_size):
            raise ValueError(
                f'the loss {name!r} has shape {tuple(part.shape)}, but a scorer of true sample '
                f'losses needs ({batch_size},), one value for each sample; make it unreduced '
                "(reduction='none'), or use BatchLossScorer"
            )
        total = total + weight * part.detach().float().reshape(batch_size)
    return total


def is_per_sample(loss: torch.Tensor, batch_size: int) -> bool:
    """Whether a loss holds one value for each sample of the batch."""
    return loss.shape == (batch_size,) or (batch_size == 1 and loss.numel() == 1)


def are_per_sample(
    losses: Losses, batch_size: int, weights: Optional[Dict[str, float]] = None
) -> bool:
    """Whether all components hold one value for each sample of the batch.

    Args:
        losses (Mapping): Name to tensor or list of tensors, of any shape.
        batch_size (int): Number of samples B of the batch.
        weights (dict[str, float], optional): See :func:`loss_components`.
    """
    parts = [part for _, part, _ in loss_components(losses, weights)]
    return bool(parts) and all(is_per_sample(part, batch_size) for part in parts)


def stretch_weight(weight: float, batch_size: int, mean_weight: float) -> float:
    r"""Returns the weight of a batch that leaves the expected gradient right.

    Where the samples of a batch cannot be told apart, their mean weight gives hard samples in the
    batch the weight of easy ones: of the covariance of weights and gradients, which is what weights
    are for, only :math:`1 / B` is left. To stretch the deviation from the mean of the epoch,
    :math:`\bar w + B (\bar w_B - \bar w)`, restores it: over random batches the expected gradient
    is that of the weighted samples, for a loss that is the mean over samples. The noise grows, by
    the variance of the weights times the batch size.

    Args:
        weight (float): Mean weight :math:`\bar w_B` of the samples of the batch.
        batch_size (int): How many these are, B.
        mean_weight (float): Mean weight :math:`\bar w` of all samples of the epoch.
    """
    return mean_weight + batch_size * (weight - mean_weight)


def weigh_gradients(losses: Losses, weights: np.ndarray, weight: float) -> dict:
    """Weighs the gradients of all loss components, and leaves their values as they are.

    A component of shape ``(B,)`` gets the weight of each sample, in its own dtype; the others,
    which tell no samples apart, the weight of the batch. A value that is infinite becomes NaN.

    Args:
        losses (Mapping): Name to tensor or list of tensors.
        weights (np.ndarray): ``(B,)`` float32.
        weight (float): That of the batch: the mean, or see :func:`stretch_weight`.

    Returns:
        dict: The same losses, to be used in their place.
    """

    return {
        name: _weigh(value, weights, weight) if is_loss(name) else value
        for name, value in losses.items()
    }


def _weigh(
    loss: Union[torch.Tensor, List[torch.Tensor]], weights: np.ndarray, weight: float
) -> Union[torch.Tensor, List[torch.Tensor]]:
    if isinstance(loss, (list, tuple)):
        return [_weigh(part, weights, weight) for part in loss]
    if not loss.requires_grad:
        return loss
    each = loss.ndim and loss.shape == weights.shape
    factor = torch.from_numpy(weights).to(loss) if each else weight
    # Between two equal values lies the same value, and the factor is the slope towards one.
    return torch.lerp(loss.detach(), loss, factor)
