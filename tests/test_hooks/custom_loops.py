"""Training loops as users write them, each in a version of epochs and one of iterations."""

from mmengine.registry import LOOPS
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from torch.utils.data import DataLoader
from toy import ToyData


class BatchesOfOwn:
    """A loop whose batches come from ``batches_of(iterator)``."""

    def batches_of(self, iterator):
        return iterator

    def run_epoch(self):  # of EpochBasedTrainLoop
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        for number, batch in enumerate(self.batches_of(iter(self.dataloader))):
            self.run_iter(number, batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1


class IterationsOfOwn(BatchesOfOwn):
    """The same for IterBasedTrainLoop."""

    def run(self):
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        batches = self.batches_of(self.dataloader_iterator)
        while self._iter < self._max_iters:
            self.run_iter(next(batches))
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')


class Skipping:
    """Skips batches that the collate function gave up, without a call of hooks."""

    def batches_of(self, iterator):
        return (batch for batch in iterator if batch is not None)


class SkippingByContent:
    """Skips batches for what they contain, without a call of hooks."""

    def batches_of(self, iterator):
        return (batch for batch in iterator if not {7, 20} & set(batch['data_samples']))


class FetchingAhead:
    """Fetches two batches before it trains on the first."""

    def batches_of(self, iterator):
        ahead = []
        for batch in iterator:
            ahead.append(batch)
            if len(ahead) > 2:
                yield ahead.pop(0)
        yield from ahead


class FromAnotherLoader:
    """Replaces every third batch by one of another loader."""

    def batches_of(self, iterator):
        other = iter(DataLoader(ToyData(), 4, collate_fn=collate))
        for number, batch in enumerate(iterator):
            yield next(other, batch) if number % 3 == 1 else batch


class MovingBatches:
    """Moves each batch to a device, so the model gets another object."""

    def batches_of(self, iterator):
        return (dict(batch) for batch in iterator)


class Peeking:
    """Looks at the first batch of a second iteration over the loader before each epoch."""

    def batches_of(self, iterator):
        next(iter(self.dataloader))
        return iterator


for own in (Skipping, SkippingByContent, FetchingAhead, FromAnotherLoader, MovingBatches, Peeking):
    for own_run, base, suffix in (
        (BatchesOfOwn, EpochBasedTrainLoop, 'Epochs'),
        (IterationsOfOwn, IterBasedTrainLoop, 'Iterations'),
    ):
        name = own.__name__ + suffix
        LOOPS.register_module(name, module=type(name, (own, own_run, base), {}))


def collate(samples):
    return dict(
        inputs=[sample['inputs'] for sample in samples],
        data_samples=[sample['data_samples'] for sample in samples],
    )
