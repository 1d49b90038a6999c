"""The options of ``Planner``, which every pruner has in its config."""

from typing import Optional

PLANNER_OPTIONS = ('delta', 'interval', 'target_savings', 'guards', 'compensation')
COMPENSATIONS = ('learning_rate', 'batch_size')


def check_compensation(compensation: Optional[str]) -> Optional[str]:
    """Returns the option, or raises a ValueError if it is not one of ``COMPENSATIONS`` or None."""
    if compensation is not None and compensation not in COMPENSATIONS:
        raise ValueError(
            f'compensation must be None or one of {COMPENSATIONS}, but got {compensation!r}'
        )
    return compensation
