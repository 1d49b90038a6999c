"""The position of an epoch in a run."""

from typing import NamedTuple, Optional

from bls_mm.ops.shards import WHOLE, Shards


class Progress(NamedTuple):
    """What a pruner may depend on besides scores and random numbers.

    Attributes:
        epoch (int): The epoch that is planned, from 0.
        max_epochs (int, optional): Number of epochs of the run. None if it is unknown.
        seed (int): Seed of the run, the same in every epoch.
        shards (Shards): How samples are distributed over ranks. Only pruners with
            ``shardable = True`` need it.
        interval (int): A new selection is made every ``interval`` epochs.
    """

    epoch: int
    max_epochs: Optional[int]
    seed: int = 0
    shards: Shards = WHOLE
    interval: int = 1
