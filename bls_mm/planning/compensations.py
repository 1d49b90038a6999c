"""The ways in which a pruned epoch can make up for its fewer optimizer steps."""

from typing import Optional

COMPENSATIONS = ('learning_rate', 'batch_size')


def check_compensation(compensation: Optional[str]) -> Optional[str]:
    """Returns the option, or raises a ValueError if it is not one of ``COMPENSATIONS`` or None."""
    if compensation is not None and compensation not in COMPENSATIONS:
        raise ValueError(
            f'compensation must be None or one of {COMPENSATIONS}, but got {compensation!r}'
        )
    return compensation
