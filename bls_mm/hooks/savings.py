"""Counts what a run trained on, and what it would have without pruning."""

from dataclasses import asdict, dataclass


@dataclass
class Savings:
    """Samples, iterations and seconds of a run so far, over all ranks.

    Attributes:
        epochs (int): Finished epochs.
        samples_seen (int): Samples trained on.
        samples_unpruned (int): Samples that a run without pruning would have trained on.
        iterations (int): Iterations done, on each rank.
        iterations_unpruned (int): Iterations that a run without pruning would have done.
        training_seconds (float): Wall time of the epochs, validation left out.
        planning_seconds (float): Of these, time spent on selecting samples.
        scoring_seconds (float): Of these, time spent on reading losses and updating scores.
        recording_seconds (float): Of these, time spent on recording what an epoch did.
        skipped_losses (int): Losses that were not finite, and scored nothing.
        mixed_samples (int): Samples that were mixed with others into one image (Mosaic, MixUp):
            their loss is also that of the others.
        checked_samples (int): Samples whose file was compared with the one asked for.
        replaced_samples (int): Of these, samples that the pipeline replaced by another.
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

    @property
    def pruned(self) -> float:
        """Share of the samples that was pruned, in the finished epochs."""
        return 1 - self.samples_seen / self.samples_unpruned if self.samples_unpruned else 0.0

    @property
    def pruning_seconds(self) -> float:
        """What pruning itself cost."""
        return self.planning_seconds + self.scoring_seconds + self.recording_seconds

    def as_dict(self) -> dict:
        """Returns everything as plain numbers, the share of pruned samples first."""
        return {'pruned': self.pruned, **asdict(self)}

    def as_sentence(self) -> str:
        """Returns the line that ends the log of a run."""
        sentence = (
            f'BLS: trained on {self.samples_seen:,} samples instead of {self.samples_unpruned:,} '
            f'({self.pruned:.1%} pruned) in {self.iterations:,} iterations instead of '
            f'{self.iterations_unpruned:,}; {self.training_seconds:.1f} s of training, of which '
            f'planning {self.planning_seconds:.2f} s, scoring {self.scoring_seconds:.2f} s and '
            f'recording {self.recording_seconds:.2f} s'
        )
        if self.mixed_samples:
            share = self.mixed_samples / self.samples_seen
            sentence += (
                f'; {share:.1%} of the samples were mixed with others, which share their loss'
            )
        if self.replaced_samples:
            share = self.replaced_samples / self.checked_samples
            sentence += f'; the pipeline replaced {share:.1%} of the samples by others'
        return sentence
