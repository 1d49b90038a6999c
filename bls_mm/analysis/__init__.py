"""What a run's losses tell, and what pruning made of them."""

from .loss_recorder import LossRecord, LossRecorder
from .true_losses import measure_sample_losses

__all__ = ['LossRecord', 'LossRecorder', 'measure_sample_losses']
