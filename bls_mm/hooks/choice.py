"""Says what ``pruner='auto'`` chose, and why."""

from bls_mm.planning import Planner


def describe_choice(planner: Planner, per_sample: bool, batch_size: int) -> str:
    """Returns one line for the log.

    Args:
        planner (Planner): The planner of the run.
        per_sample (bool): Whether samples are scored by their own losses.
        batch_size (int): Usual number of samples per batch.
    """
    reason = (
        'by the loss of each sample, which the model returns'
        if per_sample
        else f'by estimates from the losses of batches of {batch_size}, since the model returns no '
        'loss of each sample; with large batches expect the accuracy of random samples'
    )
    return (
        f"BLS: pruner='auto' keeps the hardest samples ({type(planner.pruner).__name__}, "
        f'target_savings={planner.budget.target_savings}) {reason}; '
        f'compensation={planner.compensation!r} makes up for the fewer steps'
    )
