"""Records: what a run writes into its work dir for later analysis. Needs numpy only."""

from .epoch_record import EpochRecord, record_epoch
from .history import load_history
from .savings import Savings

__all__ = ['EpochRecord', 'Savings', 'load_history', 'record_epoch']
