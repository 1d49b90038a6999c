"""Analysis: reads the records and logs of a run and reports what pruning did."""

from .sample_losses import measure_sample_losses

__all__ = ['measure_sample_losses']
