"""Forked processes: workers take no memory for scores, and no process changes another's scores."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from bls_mm.scorers import BatchLossScorer

pytestmark = pytest.mark.skipif(not os.path.exists('/proc/self/smaps'), reason='needs Linux')
N = 3_000_000  # scores above 2 MiB, so in shared memory


def score_in_fork(scorer: BatchLossScorer, score) -> float:
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        score(scorer)
        os.write(writer, np.float32(scorer.scores[0]).tobytes())
        os._exit(0)
    os.waitpid(process, 0)
    return np.frombuffer(os.read(reader, 4), np.float32).item()


def load(scorer: BatchLossScorer) -> None:
    other = BatchLossScorer(N)
    other.update([0], 9.0)
    scorer.load_state_dict(other.state_dict())


@pytest.mark.parametrize('score', [lambda scorer: scorer.update([0], 9.0), load])
def test_fork_that_scores_leaves_the_scores_of_its_parent(score) -> None:
    scorer = BatchLossScorer(N)
    scorer.update([0], 1.0)
    assert score_in_fork(scorer, score) != 1
    assert scorer.scores[0] == 1 and scorer.visits[0] == 1
    scorer.update([1], 2.0)
    assert scorer.scores[0] == 1


def private_bytes_at(address: int, size: int) -> int:
    """Returns how much of the mappings of a tensor belongs to this process alone, in bytes.

    A tensor may lie in several: numpy asks for huge pages, which splits a mapping.
    """
    is_inside, kilobytes = False, 0
    for line in Path('/proc/self/smaps').read_text().splitlines():
        name, *values = line.split()
        if not name.endswith(':'):
            start, end = (int(number, 16) for number in name.split('-'))
            is_inside = start < address + size and address < end
        elif is_inside and name.startswith('Private'):
            kilobytes += int(values[0])
    return 1024 * kilobytes


class PrivateBytes(torch.utils.data.Dataset):
    """Item i is what the worker that reads it holds alone of the i-th of some tensors."""

    def __init__(self, tensors) -> None:
        self.places = [(each.data_ptr(), each.numel() * each.element_size()) for each in tensors]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> int:
        return private_bytes_at(*self.places[index])


def test_persistent_worker_holds_no_old_scores() -> None:
    scorer = BatchLossScorer(N)
    usual = torch.zeros(N)  # memory that a worker copies, to show that the measure works
    samples, sizes = np.arange(N), np.array([N])
    scorer.update_batches(sizes, samples, np.float32([1]))
    usual += 1
    loader = torch.utils.data.DataLoader(
        PrivateBytes([scorer.scores, scorer.visits, usual]),
        batch_size=3,
        num_workers=1,
        persistent_workers=True,
    )
    next(iter(loader))
    scorer.update_batches(sizes, samples, np.float32([2]))
    usual += 1
    scores, visits, copied = next(iter(loader)).tolist()
    assert scores == visits == 0
    assert copied >= 4 * N - (1 << 21)
