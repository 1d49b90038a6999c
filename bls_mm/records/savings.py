"""The samples, iterations and seconds of a run, and what it would need without pruning.

The file ``bls_summary.json`` of the work dir holds them.
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Dict

from .files import read_json, write_json

FILE_NAME = 'bls_summary.json'
REQUIRED = (
    'pruned',
    'epochs',
    'samples_seen',
    'samples_unpruned',
    'iterations',
    'iterations_unpruned',
    'training_seconds',
)


@dataclass
class Savings:
    """Samples, iterations and seconds of a run so far, summed over all ranks.

    Attributes:
        epochs (int): Finished epochs.
        samples_seen (int): Samples trained on.
        samples_unpruned (int): Samples that the run would have trained on without pruning.
        iterations (int): Finished iterations, on each rank.
        iterations_unpruned (int): Iterations that the run would have needed without pruning.
        training_seconds (float): Wall time of the epochs, without validation.
        planning_seconds (float): Part of it that was spent on planning epochs.
        scoring_seconds (float): Part of it that was spent on reading losses and updating scores.
        recording_seconds (float): Part of it that was spent on recording epochs.
        skipped_losses (int): Losses that were not finite and therefore scored no sample.
        mixed_samples (int): Samples that were mixed with others into one image (Mosaic, MixUp), so
            that their loss also depends on the others.
        checked_samples (int): Samples whose loaded file was compared with the requested file.
        replaced_samples (int): Checked samples that the pipeline had replaced with another one.
        unscored_batches (int): Batches of rank 0 that were trained on but not scored: the step
            returned no loss, or the training loader did not yield the batch.
    """

    epochs: int = 0
    samples_seen: int = 0
    samples_unpruned: int = 0
    iterations: int = 0
    iterations_unpruned: int = 0
    training_seconds: float = 0.0
    planning_seconds: float = 0.0
    scoring_seconds: float = 0.0
    recording_seconds: float = 0.0
    skipped_losses: int = 0
    mixed_samples: int = 0
    checked_samples: int = 0
    replaced_samples: int = 0
    unscored_batches: int = 0

    @property
    def pruned(self) -> float:
        """Fraction of the samples that was pruned so far."""
        return 1 - self.samples_seen / self.samples_unpruned if self.samples_unpruned else 0.0

    @property
    def pruning_seconds(self) -> float:
        """Seconds that pruning itself cost."""
        return self.planning_seconds + self.scoring_seconds + self.recording_seconds

    def as_dict(self) -> dict:
        """Returns all counts as plain numbers, the pruned fraction first."""
        return {'pruned': self.pruned, **asdict(self)}

    def as_sentence(self) -> str:
        """Returns the line that ends the log of a run."""
        sentence = (
            f'BLS: trained on {self.samples_seen:,} samples instead of {self.samples_unpruned:,} '
            f'({self.pruned:.1%} pruned) in {self.iterations:,} iterations instead of '
            f'{self.iterations_unpruned:,}; {self.training_seconds:.1f} s of training, including '
            f'{self.planning_seconds:.2f} s of planning, {self.scoring_seconds:.2f} s of scoring '
            f'and {self.recording_seconds:.2f} s of recording'
        )
        if self.mixed_samples:
            mixed = self.mixed_samples / self.samples_seen
            sentence += f'; {mixed:.1%} of the samples were mixed with others and share their loss'
        if self.replaced_samples:
            replaced = self.replaced_samples / self.checked_samples
            sentence += f'; the pipeline replaced {replaced:.1%} of the samples with others'
        if self.unscored_batches:
            sentence += f'; {self.unscored_batches:,} batches were not scored'
        return sentence


def write_summary(work_dir: Path, savings: Savings) -> None:
    """Writes the summary atomically.

    Raises:
        OSError: If it cannot be written.
    """
    write_json(Path(work_dir) / FILE_NAME, savings.as_dict())


def read_summary(work_dir: Path) -> Dict[str, float]:
    """Reads the summary.

    Returns:
        dict: Its numbers. Empty if the file is missing, damaged, or incomplete.
    """
    content = read_json(Path(work_dir) / FILE_NAME)
    numbers = {name: value for name, value in content.items() if is_number(value)}
    return numbers if numbers.keys() >= set(REQUIRED) else {}


def is_number(value: object) -> bool:
    """Whether a value of a JSON file is a finite number."""
    return type(value) in (int, float) and math.isfinite(value)
