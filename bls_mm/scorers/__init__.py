"""What is a sample worth?"""

from .batch_loss import BatchLossScorer
from .residual import ResidualScorer
from .sample_loss import SampleLossScorer
from .scorer import Scorer

__all__ = ['BatchLossScorer', 'ResidualScorer', 'SampleLossScorer', 'Scorer']
