"""Finds the sampler in a data loader, and rebuilds the loader around a recording batch sampler."""

from typing import Optional

from torch.utils.data import DataLoader, Sampler

from bls_mm.samplers import BLSSampler, RecordingBatchSampler


def find_sampler(loader: DataLoader) -> Optional[BLSSampler]:
    """Returns the BLSSampler of a loader, under however many batch samplers; None without one."""
    sampler: Optional[Sampler] = loader.batch_sampler
    while sampler is not None and not isinstance(sampler, BLSSampler):
        sampler = getattr(sampler, 'sampler', None)
    return sampler


def record_batches(loader: DataLoader, keep_workers: bool = False) -> DataLoader:
    """Returns the same loader around a :class:`RecordingBatchSampler`.

    PyTorch allows no new batch sampler in a built loader, but every argument of a loader is a
    public attribute of it.

    Args:
        loader (DataLoader): A loader of batches, in order.
        keep_workers (bool): Whether the workers live on between epochs, whatever the loader says.

    Returns:
        DataLoader: Its ``batch_sampler`` is the recording one.

    Raises:
        ValueError: If batches may come back in another order than they were handed out.
    """
    if not getattr(loader, 'in_order', True):
        raise ValueError(
            'train_dataloader has in_order=False, but scores are matched to samples by the order '
            'of batches; remove in_order'
        )
    optional = {
        name: getattr(loader, name)
        for name in ('pin_memory_device', 'in_order')  # not in every version of PyTorch
        if getattr(loader, name, None)
    }
    return DataLoader(
        loader.dataset,
        batch_sampler=RecordingBatchSampler(loader.batch_sampler),
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        timeout=loader.timeout,
        worker_init_fn=loader.worker_init_fn,
        multiprocessing_context=loader.multiprocessing_context,
        generator=loader.generator,
        prefetch_factor=loader.prefetch_factor,
        persistent_workers=loader.num_workers > 0 and (keep_workers or loader.persistent_workers),
        **optional,
    )
