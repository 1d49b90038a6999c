"""Scorers: estimate from the losses how much each sample is worth training on again."""

from .batch_loss import BatchLossScorer
from .residual import ResidualScorer
from .sample_loss import SampleLossScorer
from .scorer import Scorer

__all__ = ['BatchLossScorer', 'ResidualScorer', 'SampleLossScorer', 'Scorer']
