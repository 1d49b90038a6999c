"""The recommended setting: what ``pruner='auto'`` stands for."""

from typing import Any

RECOMMENDED = dict(type='EpsilonGreedy', target_savings=0.3, compensation='learning_rate')


def is_auto(pruner: Any) -> bool:
    """Whether the config of a pruner asks for the recommended setting."""
    return (pruner.get('type') if isinstance(pruner, dict) else pruner) == 'auto'


def recommended(pruner: Any) -> dict:
    """Returns the config of the pruner that ``'auto'`` stands for.

    Args:
        pruner (str or dict): ``'auto'``, or a dict of that type; its other options are kept, such
            as ``dict(type='auto', target_savings=0.2)``.
    """
    options = dict(pruner) if isinstance(pruner, dict) else {}
    return {**RECOMMENDED, **options, 'type': RECOMMENDED['type']}
