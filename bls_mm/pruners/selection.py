"""The samples of an epoch, in a bit or two each."""

from typing import Callable, Dict, Iterator, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from .blocks import blocks_of

MAX_GROUPS = 256  # as many weights as one byte tells apart


class GroupWeights(NamedTuple):
    """Loss weights of which there are few.

    Attributes:
        weights (np.ndarray): ``(G,)`` float32, the weight of each group, at most 256.
        group (np.ndarray): ``(N,)`` uint8, the group of each sample.
    """

    weights: np.ndarray
    group: np.ndarray


class Selection:
    """Which samples an epoch keeps, and with what loss weight.

    It takes one bit a sample, and one more where two weights are in use. The arrays
    :attr:`indices` and :attr:`weights` are made when asked for, at 12 bytes a kept sample.

    Args:
        indices (np.ndarray): ``(K,)`` integers, the kept samples, ascending and unique.
        weights (np.ndarray, optional): ``(K,)`` float32, the loss weight of each kept sample.
            Defaults to None, all are 1.

    Attributes:
        num_kept (int): The K above.
        mean_weight (float): Mean loss weight of the kept samples.
    """

    def __init__(self, indices: np.ndarray, weights: Optional[np.ndarray] = None) -> None:
        indices = np.asarray(indices)
        keep = np.zeros(int(indices[-1]) + 1 if len(indices) else 0, dtype=bool)
        keep[indices] = True
        if weights is not None:
            weight_of = np.ones(len(keep), dtype=np.float32)
            weight_of[indices] = weights
            weights = weight_of
        self._set(keep, weights)

    @classmethod
    def from_mask(
        cls, keep: np.ndarray, weights: Union[GroupWeights, np.ndarray, None] = None
    ) -> 'Selection':
        """Returns the selection that a pruner describes sample by sample.

        Args:
            keep (np.ndarray): ``(N,)`` bool.
            weights (GroupWeights or np.ndarray, optional): ``(N,)``, the weight of every sample,
                kept or not. Defaults to None, all are 1.
        """
        selection = cls.__new__(cls)
        selection._set(keep, weights)
        return selection

    @classmethod
    def from_arrays(cls, arrays: Dict[str, np.ndarray]) -> 'Selection':
        """Returns the selection that :meth:`as_arrays` described."""
        selection = cls.__new__(cls)
        selection._keep = arrays['keep']
        selection._weights = arrays.get('weights')
        selection._group = arrays.get('group')
        selection._count()
        return selection

    @staticmethod
    def is_described_by(state: object) -> bool:
        """Whether something is what :meth:`as_arrays` returns."""
        return isinstance(state, dict) and state.keys() in ({'keep'}, {'keep', 'weights', 'group'})

    def as_arrays(self) -> Dict[str, np.ndarray]:
        """Returns all there is to keep, for a checkpoint: no longer than the selection itself."""
        arrays = {'keep': self._keep}
        if self._weights is not None:
            arrays.update(weights=self._weights, group=self._group)
        return arrays

    def changed(self, change: Callable[[np.ndarray], np.ndarray], num_samples: int) -> 'Selection':
        """Returns the selection of other samples, as where those of many ranks are joined.

        Args:
            change (Callable): Turns an array of one entry a sample into one of the other samples.
            num_samples (int): Of how many samples this selection is.
        """
        keep, weights = self.as_mask(num_samples)
        if weights is not None:
            weights = GroupWeights(weights.weights, change(weights.group))
        return Selection.from_mask(change(keep), weights)

    def _set(self, keep: np.ndarray, weights: Union[GroupWeights, np.ndarray, None]) -> None:
        self._keep = np.packbits(keep, bitorder='little')
        self._weights = self._group = None
        if weights is not None:
            if not isinstance(weights, GroupWeights):
                weights = _as_groups(keep, weights)
            self._weights = np.asarray(weights.weights, dtype=np.float32)
            few = len(self._weights) <= 2
            self._group = np.packbits(weights.group, bitorder='little') if few else weights.group
        self._count()

    def _count(self) -> None:
        self.num_kept = _count_marks(self._keep)
        self.mean_weight = 1.0
        if self._weights is not None and self.num_kept:
            kept_of_group = self._kept_of_group().astype(float)
            self.mean_weight = float(self._weights @ kept_of_group) / self.num_kept

    def _kept_of_group(self) -> np.ndarray:
        """Counts the kept samples of each group: ``(G,)`` int64."""
        if len(self._weights) <= 2:
            second = _count_marks(self._keep & self._group)
            return np.array([self.num_kept - second, second])[: len(self._weights)]
        kept = np.zeros(len(self._weights), dtype=np.int64)
        for block in blocks_of(8 * len(self._keep)):
            group = self._group_of(block.start + np.flatnonzero(self.keeps(block)))
            kept += np.bincount(group, minlength=len(kept))
        return kept

    def as_mask(self, num_samples: int) -> Tuple[np.ndarray, Optional[GroupWeights]]:
        """Returns what :meth:`from_mask` takes.

        Args:
            num_samples (int): Length N of the data set.

        Returns:
            tuple: ``(N,)`` bool, which samples are kept; and their weights, None where all are 1.
        """
        keep = _unpack(self._keep, num_samples).view(bool)
        if self._weights is None:
            return keep, None
        few = len(self._weights) <= 2
        group = _unpack(self._group, num_samples) if few else self._group
        return keep, GroupWeights(self._weights, group)

    @property
    def indices(self) -> np.ndarray:
        """``(K,)`` int64, the kept samples, ascending."""
        return np.flatnonzero(np.unpackbits(self._keep, bitorder='little').view(bool))

    @property
    def weights(self) -> Optional[np.ndarray]:
        """``(K,)`` float32, the loss weight of each kept sample; None where all are 1."""
        return self.weights_of(self.indices)

    def weights_of(self, indices: Sequence[int]) -> Optional[np.ndarray]:
        """Returns the loss weights of kept samples.

        Args:
            indices (sequence[int]): ``(B,)``, kept samples.

        Returns:
            np.ndarray or None: ``(B,)`` float32; None where all weights are 1.
        """
        if self._weights is None:
            return None
        return self._weights[self._group_of(np.asarray(indices))]

    def keeps(self, samples: Union[slice, np.ndarray]) -> np.ndarray:
        """Says which samples are kept.

        Args:
            samples (slice or np.ndarray): A range that starts at a multiple of 8, or ``(B,)``
                unsigned integers, which may lie beyond the data set.

        Returns:
            np.ndarray: Bool, one for each sample.
        """
        if isinstance(samples, slice):
            octets = self._keep[samples.start // 8 : -(-samples.stop // 8)]
            return np.unpackbits(octets, bitorder='little').view(bool)
        inside = samples < 8 * len(self._keep)
        octets = self._keep[np.where(inside, samples >> 3, 0)] if inside.any() else np.uint8(0)
        return (octets >> (samples & 7).astype(np.uint8) & 1).astype(bool) & inside

    def _group_of(self, samples: np.ndarray) -> np.ndarray:
        if len(self._weights) > 2:
            return self._group[samples]
        return (self._group[samples >> 3] >> (samples & 7).astype(np.uint8)) & 1

    def __iter__(self) -> Iterator[Optional[np.ndarray]]:
        yield self.indices
        yield self.weights


def keep_all(num_samples: int) -> Selection:
    """Selects every sample, unweighted."""
    return Selection.from_mask(np.ones(num_samples, dtype=bool))


def _count_marks(octets: np.ndarray) -> int:
    return sum(np.count_nonzero(np.unpackbits(octets[part])) for part in blocks_of(len(octets)))


def _unpack(octets: np.ndarray, count: int) -> np.ndarray:
    return np.unpackbits(octets, count=count, bitorder='little')


def _as_groups(keep: np.ndarray, weights: np.ndarray) -> GroupWeights:
    """Finds the weights that are in use: samples of one weight are a group."""
    levels = np.unique(weights[keep])
    kind = np.uint8 if len(levels) <= MAX_GROUPS else np.int32
    # A weight that only pruned samples have is none of the levels, and never asked for.
    group = np.searchsorted(levels, weights).clip(max=max(len(levels) - 1, 0))
    return GroupWeights(levels, group.astype(kind))
