"""What a run's losses tell, and what pruning made of them."""

from .recorder import LossRecord, LossRecorder
from .sample_losses import measure_sample_losses

__all__ = ['LossRecord', 'LossRecorder', 'measure_sample_losses']
