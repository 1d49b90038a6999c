"""The metric by which a run is judged, out of all that its validation logged."""

from statistics import mean
from typing import Dict, NamedTuple, Optional

# End of the key in MMEngine's log to the words of a verdict, by preference. A run without any of
# them is judged by its first metric, as for MMEngine's ``save_best='auto'``.
KNOWN = {
    'bbox_mAP': 'box mAP',
    'word_acc_ignore_case': 'word accuracy',
    'word_acc': 'word accuracy',
    'accuracy/top1': 'top-1 accuracy',
    'hmean': 'h-mean',
    'mIoU': 'mIoU',
    'mAP': 'mAP',
}
UNDEFINED = -1.0  # COCO's evaluation logs it for sizes of objects that do not occur


class MainMetric(NamedTuple):
    """The metric of a run.

    Attributes:
        key (str): End of its keys in the log.
        name (str): Its name in words.
        value (float): Its value; the mean if several keys match, as with several test sets.
        points (bool): Whether a hundredth of 1 is a point, as for accuracy and mAP.
    """

    key: str
    name: str
    value: float
    points: bool


def main_metric(metrics: Dict[str, float], key: Optional[str] = None) -> Optional[MainMetric]:
    """Chooses the metric of a run.

    Args:
        metrics (dict[str, float]): Key to value, of one validation.
        key (str, optional): End of the key to choose. Defaults to None, see ``KNOWN``.

    Returns:
        MainMetric or None: None if the run has no metric, or no key matches.
    """
    defined = {name: value for name, value in metrics.items() if is_defined(name, value)}
    for candidate in KNOWN if key is None else [key]:
        values = [value for name, value in defined.items() if name.endswith(candidate)]
        if values:
            name = KNOWN.get(candidate, candidate)
            return MainMetric(candidate, name, mean(values), candidate in KNOWN)
    if key is not None or not defined:
        return None
    last_parts = [name.rsplit('/', 1)[-1] for name in defined]
    own = [value for part, value in zip(last_parts, defined.values()) if part == last_parts[0]]
    return MainMetric(last_parts[0], last_parts[0], mean(own), False)


def is_defined(name: str, value: float) -> bool:
    """Whether a value is a real one, not COCO's -1 for "no such object"."""
    return value != UNDEFINED or not any(part in name for part in ('mAP', 'AP_', 'AR'))


def in_points(difference: float, *values: float) -> float:
    """Returns a difference of accuracies in points, whether they are fractions or in percent."""
    return difference if max(map(abs, values), default=0) > 1 else 100 * difference
