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


def record_batches(loader: DataLoader, is_endless: bool = False) -> DataLoader:
    """Returns the same loader around a :class:`RecordingBatchSampler`.

    PyTorch allows no new batch sampler in a built loader, but every argument of a loader is a
    public attribute of it.

    Args:
        loader (DataLoader): A loader of the batches of a BLSSampler, in order.
        is_endless (bool): Whether a loop that counts iterations has begun to iterate over it; the
            workers then live on between epochs. Defaults to False.

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
    if is_endless:
        _drop_begun_batches(loader.batch_sampler)
    optional = {
        name: getattr(loader, name)
        for name in ('pin_memory_device', 'in_order')  # not in every version of PyTorch
        if getattr(loader, name, None)
    }
    return DataLoader(
        loader.dataset,
        batch_sampler=RecordingBatchSampler(loader.batch_sampler, find_sampler(loader).weights_of),
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        timeout=loader.timeout,
        worker_init_fn=loader.worker_init_fn,
        multiprocessing_context=loader.multiprocessing_context,
        generator=loader.generator,
        prefetch_factor=loader.prefetch_factor,
        persistent_workers=loader.num_workers > 0 and (is_endless or loader.persistent_workers),
        **optional,
    )


def _drop_begun_batches(batch_sampler: Sampler) -> None:
    """Lets a batch sampler run out of samples: MMDetection's keep what no iterator took from them.

    An epoch would otherwise begin with samples that MMEngine's own iterator had asked for.
    """
    sampler, batch_sampler.sampler = batch_sampler.sampler, ()
    for _ in batch_sampler:
        pass
    batch_sampler.sampler = sampler
