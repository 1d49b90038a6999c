"""Research: studies of the signal in batch losses. Training needs none of it."""

from .loss_record import LossRecord
from .loss_recorder import LossRecorder
from .shuffled_scores import ShuffledScores

__all__ = ['LossRecord', 'LossRecorder', 'ShuffledScores']
