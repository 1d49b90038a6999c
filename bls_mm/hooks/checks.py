"""What can be wrong with a run, found before its first iteration. Each answer is one sentence."""

import math
from typing import Dict, Optional

import torch
from mmengine.optim import OptimWrapperDict
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import DataLoader

from bls_mm.samplers import BLSSampler

from .loader import find_sampler

SEQUENCES = (list, tuple, torch.Tensor)
SHARDING_STRATEGIES = ('FSDPStrategy', 'DeepSpeedStrategy', 'ColossalAIStrategy')


def check_run(runner, sampler: Optional[BLSSampler], loader: DataLoader, hook_type: type) -> None:
    """Raises one sentence if BLS cannot work with a runner that is about to train.

    Args:
        runner (Runner): The runner.
        sampler (BLSSampler, optional): The sampler found in the loader.
        loader (DataLoader): The training loader.
        hook_type (type): BLSHook.

    Raises:
        TypeError: If a part is of a kind that BLS cannot work with.
        ValueError: If an option is.
    """
    if loader.batch_sampler is None:
        raise TypeError(
            'BLSHook needs batches, but train_dataloader has batch_size=None; give it a batch_size'
        )
    if sampler is None:
        raise TypeError(
            'BLSHook needs a BLSSampler, but train_dataloader has none; add train_dataloader='
            "dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')))"
        )
    for attribute in ('batch_size', 'drop_last'):
        if not hasattr(loader.batch_sampler, attribute):
            raise TypeError(
                f'the batch sampler {type(loader.batch_sampler).__name__} has no {attribute}, '
                'which BLSHook asks it for; give it batch_size and drop_last, as PyTorch does'
            )
    if runner.val_loop is not None and find_sampler(runner.val_loop.dataloader) is not None:
        raise TypeError(
            'val_dataloader has a BLSSampler, but what judges the model must be all samples in '
            "order; give it sampler=dict(type='DefaultSampler', shuffle=False)"
        )
    hooks = sum(isinstance(hook, hook_type) for hook in runner.hooks)
    if hooks > 1:
        raise ValueError(
            f'the config has {hooks} BLSHooks, and each would score every batch; leave one, in '
            'default_hooks=dict(bls=...)'
        )
    strategy = type(getattr(runner, 'strategy', None)).__name__
    if strategy in SHARDING_STRATEGIES:
        raise TypeError(
            f'BLSHook does not work with {strategy}, which shards the model; use DDPStrategy or '
            'SingleDeviceStrategy'
        )
    if isinstance(runner.optim_wrapper, OptimWrapperDict):
        raise TypeError(
            'BLSHook does not work with several optim_wrappers: there is no one loss that is '
            'minimised; use a single optim_wrapper'
        )
    if len(loader) == 0:
        raise ValueError(
            f'an epoch has no batch: the {len(sampler)} samples of a rank are fewer than '
            'batch_size, and drop_last leaves them out; use a smaller batch_size or drop_last=False'
        )


def check_components(components: Optional[Dict[str, float]]) -> None:
    """Raises one sentence unless ``components`` gives loss names a finite weight, or is None.

    Args:
        components (dict[str, float], optional): The option of BLSHook.

    Raises:
        ValueError: If it is anything else.
    """
    if components is None:
        return
    numbers = isinstance(components, dict) and all(
        isinstance(weight, (int, float)) and math.isfinite(weight) for weight in components.values()
    )
    if not numbers or not components:
        raise ValueError(
            f'components must be a dict of loss names and weights, but got {components!r}; write '
            'for example components=dict(loss_cls=1.0, loss_bbox=0.5)'
        )


def check_batch_size(data_batch, expected: int) -> None:
    """Raises one sentence if a batch is not of the size that was handed out.

    Self-supervised models have a list of views as ``inputs``, but one data sample for each sample.

    Args:
        data_batch (dict or object): What the loader returned; looked at if it has ``inputs``.
        expected (int): How many samples the batch sampler handed out.

    Raises:
        ValueError: If the number of inputs differs.
    """
    inputs = data_batch.get('inputs') if isinstance(data_batch, dict) else None
    if not isinstance(inputs, SEQUENCES) or len(inputs) == expected:
        return
    data_samples = data_batch.get('data_samples')
    if isinstance(data_samples, SEQUENCES) and len(data_samples) == expected:
        return
    raise ValueError(
        f'a batch of {len(inputs)} inputs came back where {expected} samples were handed out; BLS '
        'needs one input for each sample, so remove what repeats or drops samples in the collate '
        'function'
    )


def trains_on_one_sample(model: nn.Module) -> bool:
    """Whether a model can train on a batch of one: BatchNorm cannot, on a map of 1 by 1."""
    return not any(isinstance(module, _BatchNorm) for module in model.modules())
