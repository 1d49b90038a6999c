"""Pure functions on the dict of losses that a model returns."""

from typing import Container, Dict, List, Mapping, Optional, Set, Tuple, Union

import numpy as np
import torch

Losses = Mapping[str, Union[torch.Tensor, List[torch.Tensor]]]


def loss_components(
    losses: Losses, weights: Optional[Dict[str, float]] = None
) -> List[Tuple[str, torch.Tensor, float]]:
    """Returns the loss components of what a model returned.

    Entries without 'loss' in their name, such as accuracies, are for the log only.

    Args:
        losses (Mapping): Name to tensor or list of tensors, of any shape.
        weights (dict[str, float], optional): Weight of each component to return. Defaults to None,
            all losses with weight 1.

    Returns:
        list[tuple]: Name, tensor and weight. A list of tensors gives one tuple for each of them.

    Raises:
        KeyError: If ``weights`` names a component that the model does not return.
        TypeError: If a loss is neither a tensor nor a list.
    """
    components = []
    for name in filter(is_loss, losses) if weights is None else weights:
        if name not in losses:
            raise KeyError(
                f'components names {name!r}, but the model returns {", ".join(losses)}; '
                'name some of these'
            )
        value, weight = losses[name], 1.0 if weights is None else weights[name]
        if isinstance(value, torch.Tensor):
            components.append((name, value, weight))
        elif isinstance(value, (list, tuple)):
            components.extend((name, part, weight) for part in value)
        else:
            raise TypeError(
                f'the loss {name!r} is of {type(value).__name__}; a model must return tensors, or '
                'lists of tensors'
            )
    return components


def is_loss(name: str) -> bool:
    """Whether MMEngine's ``parse_losses`` adds an entry of this name to the minimised loss."""
    return 'loss' in name


def batch_loss(
    losses: Losses, weights: Optional[Dict[str, float]] = None
) -> Union[float, torch.Tensor]:
    """Sums all components into the loss of the batch, which ``parse_losses`` minimises.

    Args:
        losses (Mapping): Name to tensor or list of tensors, of any shape.
        weights (dict[str, float], optional): See :func:`loss_components`.

    Returns:
        float or torch.Tensor: A float if the losses are on the CPU. Otherwise a float32 scalar,
        detached, on their device, so that the CPU does not wait for the device.

    Raises:
        ValueError: If the model returned no loss.
    """
    total = None
    for _, part, weight in loss_components(losses, weights):
        loss = part.item() if part.ndim == 0 and part.is_cpu else _mean(part)
        loss = loss if weight == 1 else loss * weight
        total = loss if total is None else total + loss
    if total is None:
        raise ValueError(
            f"the model returned {', '.join(losses) or 'nothing'}: no name contains 'loss'; "
            'name the components to score by in BLSHook(components=...)'
        )
    return total


def _mean(loss: torch.Tensor) -> Union[float, torch.Tensor]:
    loss = loss.detach().float().mean()
    return loss.item() if loss.is_cpu else loss


def sample_losses(
    losses: Losses, batch_size: int, weights: Optional[Dict[str, float]] = None
) -> torch.Tensor:
    """Sums all components into the loss of each sample. All components must be unreduced.

    Args:
        losses (Mapping): Name to tensor or list of tensors, each of shape ``(B,)``.
        batch_size (int): Number of samples B of the batch.
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
    """Whether a loss contains one value for each sample of the batch."""
    return loss.shape == (batch_size,) or (batch_size == 1 and loss.numel() == 1)


def are_per_sample(
    losses: Losses, batch_size: int, weights: Optional[Dict[str, float]] = None
) -> bool:
    """Whether all components contain one value for each sample of the batch.

    Args:
        losses (Mapping): Name to tensor or list of tensors, of any shape.
        batch_size (int): Number of samples B of the batch.
        weights (dict[str, float], optional): See :func:`loss_components`.
    """
    parts = [part for _, part, _ in loss_components(losses, weights)]
    return bool(parts) and all(is_per_sample(part, batch_size) for part in parts)


def names_per_sample(losses: Losses, batch_size: int) -> Set[str]:
    """Returns the names of the entries with B values: one for each sample, or by chance.

    Args:
        losses (Mapping): Name to tensor or list of tensors, of any shape.
        batch_size (int): Number of samples B of the batch.
    """
    return {name for name, value in losses.items() if _has_entries(value, batch_size)}


def _has_entries(value: object, batch_size: int) -> bool:
    if isinstance(value, torch.Tensor):
        return is_per_sample(value, batch_size)
    is_list = isinstance(value, (list, tuple)) and len(value) > 0
    return is_list and all(_has_entries(part, batch_size) for part in value)


def scale_gradients(
    losses: Losses, weights: np.ndarray, weight: float, per_sample: Container[str]
) -> dict:
    """Scales the gradients of all loss components and leaves their values unchanged.

    A component of shape ``(B,)`` gets the weight of each sample, in its own dtype, if it is known
    to be per sample: a loss of each level may be as long as the batch. All other components get the
    weight of the batch. A loss that is infinite becomes NaN.

    Args:
        losses (Mapping): Name to tensor or list of tensors.
        weights (np.ndarray): ``(B,)`` float32, the weights of the samples.
        weight (float): The weight of the batch, usually the mean of ``weights``.
        per_sample (Container[str]): Names of the components with one value for each sample.

    Returns:
        dict: The losses to minimise instead.
    """
    return {
        name: _scale_gradient(value, weights if name in per_sample else None, weight)
        if is_loss(name)
        else value
        for name, value in losses.items()
    }


def _scale_gradient(
    loss: Union[torch.Tensor, List[torch.Tensor]], weights: Optional[np.ndarray], weight: float
) -> Union[torch.Tensor, List[torch.Tensor]]:
    if isinstance(loss, (list, tuple)):
        return [_scale_gradient(part, weights, weight) for part in loss]
    if not loss.requires_grad:
        return loss
    is_vector = weights is not None and loss.shape == weights.shape
    factor = torch.from_numpy(weights).to(loss) if is_vector else weight
    # `lerp(x.detach(), x, factor)` equals `x` and has gradient `factor`.
    return torch.lerp(loss.detach(), loss, factor)
