"""Each loss reaches the samples of its batch, whatever a loop does with the loader."""

import pytest
import torch
from loaders import Numbers, drop_sevenths
from pruned_run import assert_scores, loss_of, make, train

WORKERS = [dict(num_workers=0), dict(num_workers=2), dict(num_workers=2, persistent_workers=True)]
EPOCHS = 3


@pytest.mark.parametrize('options', WORKERS)
class TestWithAnyWorkers:
    def test_skipped_batches(self, options):
        loader = make(**options)
        with pytest.warns(UserWarning, match='wrong if something reads batches ahead') as caught:
            batches = train(loader, range(EPOCHS), skip=(2, 3, 7))
        assert len(caught) == 1
        scored = [
            batch
            for epoch in batches
            for number, batch in enumerate(epoch)
            if number not in (2, 3, 7)
        ]
        assert_scores(loader, scored)

    @pytest.mark.parametrize('is_before_score', [True, False])
    def test_a_peek_inside_the_loop(self, options, is_before_score):
        """With version 0.1, 27 of 200 scores were those of other samples."""
        loader, scored = make(**options), []
        for epoch in range(EPOCHS):
            loader.set_epoch(epoch)
            for number, (batch,) in enumerate(loader):
                if is_before_score and number % 3 == 0:
                    next(iter(loader))
                loader.score(loss_of(batch))
                scored.append(batch.tolist())
                if not is_before_score and number % 3 == 0:
                    next(iter(loader))
                if number == 20:
                    break  # with persistent workers, a peek starts the epoch anew
        assert_scores(loader, scored)

    def test_a_peek_that_is_scored_as_well(self, options):
        loader, scored = make(**options), []
        loader.set_epoch(0)
        for number, batch in enumerate(loader):
            if number == 3:
                peek = next(iter(loader))
                loader.score(loss_of(peek), peek)
                scored.append(peek[0].tolist())
            loader.score(loss_of(batch))
            scored.append(batch[0].tolist())
        assert_scores(loader, scored)

    def test_two_interleaved_iterations(self, options):
        loader, scored = make(**options), []
        loader.set_epoch(0)
        for one, other in zip(loader, loader):
            for batch in (other, one):
                loader.score(loss_of(batch), batch)
                scored.append(batch[0].tolist())
        assert len(scored) >= 12
        assert_scores(loader, scored)

    def test_a_broken_batch(self, options):
        loader, scored, errors = make(dataset=Numbers(broken=13), **options), [], 0
        for epoch in range(EPOCHS):
            loader.set_epoch(epoch)
            iterator = iter(loader)
            while True:
                try:
                    batch = next(iterator)
                except StopIteration:
                    break
                except ValueError:
                    errors += 1
                    continue
                loader.score(loss_of(batch))
                scored.append(batch.tolist())
        assert errors == EPOCHS  # a sample without a score is never pruned
        assert_scores(loader, scored)

    def test_batches_that_are_none(self, options):
        loader, scored = make(dataset=Numbers(), collate_fn=drop_sevenths, **options), []
        for epoch in range(EPOCHS):
            loader.set_epoch(epoch)
            for batch in loader:
                if batch is not None:
                    loader.score(loss_of(batch))
                    scored.append(batch.tolist())
        assert len(scored) < 13 * EPOCHS
        assert_scores(loader, scored)

    def test_an_epoch_that_ends_early(self, options):
        loader, scored = make(**options), []
        for epoch in range(EPOCHS):
            loader.set_epoch(epoch)
            for number, (batch,) in enumerate(loader):
                if number == 5:
                    break
                loader.score(loss_of(batch))
                scored.append(batch.tolist())
        assert_scores(loader, scored)


def test_a_loss_belongs_to_one_batch():
    loader = make()
    loader.set_epoch(0)
    message = 'no batch waits for its loss; call score once for each'
    with pytest.raises(RuntimeError, match=message):
        loader.score(torch.tensor(1.0))
    batch = next(iter(loader))
    loader.score(torch.tensor(1.0))
    for arguments in ((), (batch,)):
        with pytest.raises(RuntimeError, match=message):
            loader.score(torch.tensor(1.0), *arguments)


def test_a_batch_that_is_none_has_no_loss():
    loader = make(dataset=Numbers(), collate_fn=drop_sevenths)
    loader.set_epoch(0)
    for batch in loader:
        if batch is None:
            with pytest.raises(RuntimeError, match='no batch waits for its loss'):
                loader.score(torch.tensor(1.0))


def test_a_batch_of_another_loader_is_refused():
    loader, other = make(), make()
    loader.set_epoch(0), other.set_epoch(0)
    iterator = iter(loader)
    next(iterator)
    with pytest.raises(RuntimeError, match='no batch waits for its loss'):
        loader.score(torch.tensor(1.0), next(iter(other)))


def read_ahead(loader):
    """Yields batches as the loaders of Accelerate and timm do: the next one is already there."""
    iterator = iter(loader)
    batch = next(iterator)
    for following in iterator:
        yield batch
        batch = following
    yield batch


def test_batches_that_are_read_ahead_must_be_named():
    loader, scored = make(), []
    loader.set_epoch(0)
    for batch in read_ahead(loader):
        loader.score(loss_of(batch), batch)
        scored.append(batch[0].tolist())
    assert len(scored) == 13
    assert_scores(loader, scored)


def test_batches_that_are_read_ahead_without_a_name_are_told():
    loader = make()
    loader.set_epoch(0)
    batches = read_ahead(loader)
    with pytest.warns(UserWarning, match=r'name the batch: loader.score\(loss, batch\)'):
        loader.score(loss_of(next(batches)))
    with pytest.raises(RuntimeError, match='no batch waits for its loss'):
        for batch in batches:
            loader.score(loss_of(batch))


@pytest.mark.parametrize('is_planned_twice', [False, True])
def test_an_iteration_that_began_before_the_plan(is_planned_twice):
    """Lightning makes the first iterator before it starts the epoch."""
    loader, scored = make(), []
    loader.set_epoch(0)
    iterator = iter(loader)
    if is_planned_twice:
        loader.set_epoch(0)
    for (batch,) in iterator:
        peek = next(iter(loader))
        loader.score(loss_of(batch))
        del peek
        scored.append(batch.tolist())
    assert_scores(loader, scored)


def test_two_waiting_batches_must_be_told_apart():
    loader = make()
    loader.set_epoch(0)
    one, other = iter(loader), iter(loader)
    first, second = next(one), next(other)
    with pytest.raises(RuntimeError, match=r'several iterations.*: loader.score\(loss, batch\)'):
        loader.score(torch.tensor(1.0))
    loader.score(loss_of(second), second)
    loader.score(loss_of(first))  # only one waits now
    assert_scores(loader, [second[0].tolist(), first[0].tolist()])


def test_an_interrupted_loop_does_not_disturb_the_next_epoch():
    loader = make()
    loader.set_epoch(0)
    interrupted = iter(loader)  # the traceback of an interrupt holds it
    next(interrupted)
    scored = train(loader, [1])[0]
    assert interrupted.batch is not None
    assert_scores(loader, scored)
