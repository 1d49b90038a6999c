"""Warnings about runs that end before they prune."""

from mmengine.dataset import RepeatDataset

from bls_mm.samplers import BLSSampler

from .clock import TrainingClock
from .virtual_epochs import is_iteration_based


def warn_of_short_run(runner, sampler: BLSSampler, clock: TrainingClock) -> None:
    """Logs a warning if a run has no epoch to prune, or if its samples are repetitions.

    Args:
        runner (Runner): The runner, about to train.
        sampler (BLSSampler): The sampler.
        clock (TrainingClock): Knows the length of the run.
    """
    is_short = sampler.planner.pruner.needs_scores and clock.num_epochs <= 1
    counts_iterations = is_iteration_based(runner.train_loop)
    dataset = sampler.dataset
    if counts_iterations and isinstance(dataset, RepeatDataset):
        runner.logger.warning(
            f'BLS: each of the {dataset.times:,} repetitions of RepeatDataset counts as a sample'
            f'{", so the run ends within its first epoch and prunes nothing" * is_short}; a loop '
            'of iterations repeats its data anyway, so write train_dataloader=dict(dataset=dict('
            '_delete_=True, **_base_.train_dataloader.dataset.dataset))'
        )
    elif is_short and counts_iterations:
        runner.logger.warning(
            f'BLS: nothing is pruned, because the run of {runner.max_iters:,} iterations ends '
            f'within its first epoch, which takes {clock.full_length:,} and scores all '
            f'{len(dataset):,} samples; train longer, or without RepeatDataset'
        )
    elif is_short:
        runner.logger.warning(
            'BLS: nothing is pruned, because the only epoch of the run scores all samples; train '
            'for more epochs'
        )
