"""What a run's losses tell, and what pruning made of them."""

from .recorder import LossRecorder
from .sample_losses import measure_sample_losses

__all__ = ['LossRecorder', 'measure_sample_losses']
