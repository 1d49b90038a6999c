"""Says what ``pruner='auto'`` chose, and why."""

from bls_mm.samplers import BLSSampler


def log_choice(runner, sampler: BLSSampler, per_sample: bool, batch_size: int) -> None:
    """Logs one line at the end of the first epoch of a run whose pruner was given as ``'auto'``.

    Args:
        runner (Runner): The runner.
        sampler (BLSSampler): Its sampler.
        per_sample (bool): Whether samples are scored by their own losses.
        batch_size (int): Usual number of samples per batch.
    """
    planner, target = sampler.planner, ''
    if planner.budget is not None:
        target = f', target_savings={planner.budget.target_savings}'
    reason = (
        'by the loss of each sample, which this model provides'
        if per_sample
        else f'by estimates from batch losses (batch size {batch_size}), because the model returns '
        'no per-sample losses; with large batches expect the accuracy of random samples'
    )
    steps = ''
    if planner.compensation is not None:
        steps = f'; compensation={planner.compensation!r} makes up for fewer optimizer steps'
    runner.logger.info(
        f"BLS: pruner='auto' keeps the hardest samples ({type(planner.pruner).__name__}{target}) "
        f'{reason}{steps}'
    )
