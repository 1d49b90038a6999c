"""What is a sample worth?"""

from .batch_loss import BatchLossScorer
from .sample_loss import SampleLossScorer
from .scorer import Scorer

__all__ = ['BatchLossScorer', 'SampleLossScorer', 'Scorer']
