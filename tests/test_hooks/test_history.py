import numpy as np
import pytest
from toy import train

from bls_mm import BLSSampler
from bls_mm.hooks.history import (
    EpochRecord,
    load_history,
    path_of,
    record_epoch,
    share_room,
    turnover,
)
from bls_mm.samplers.state import as_arrays


def test_records_are_what_a_separate_record_saw(tmp_path):
    _, recorder, hook = train(tmp_path, max_epochs=6)
    records = load_history(tmp_path)
    assert [record.epoch for record in records] == list(range(6))
    done = 0
    for record in records:
        seen = {i for batch in recorder.batches[done : record.iteration] for i in batch}
        assert set(np.flatnonzero(record.kept)) == seen
        assert record.num_kept == len(seen)
        assert (record.num_epochs, record.num_samples) == (6, 42)
        done = record.iteration
    assert done == len(recorder.batches)
    visits = sum(record.kept.astype(int) for record in records)
    assert visits.tolist() == hook.sampler.scorer.visits.tolist()
    np.testing.assert_allclose(records[-1].scores, hook.sampler.scorer.scores, rtol=1e-3)


def test_a_resumed_run_continues_the_history(tmp_path):
    checkpoint = dict(type='CheckpointHook', by_epoch=False, interval=5)
    options = dict(max_epochs=6, default_hooks=dict(checkpoint=checkpoint))
    train(tmp_path, **options)
    whole = [path_of(tmp_path, epoch).read_bytes() for epoch in range(6)]
    path_of(tmp_path, 5).write_bytes(b'left by a run that went further')
    train(tmp_path, load_from=str(tmp_path / 'iter_25.pth'), resume=True, **options)
    records = load_history(tmp_path)
    assert [record.epoch for record in records] == list(range(6))
    for epoch, record in enumerate(records):
        path = tmp_path / 'whole.npz'
        path.write_bytes(whole[epoch])
        before = EpochRecord.load(path)
        np.testing.assert_array_equal(record.keep, before.keep)
        np.testing.assert_array_equal(record.scores, before.scores)


def test_a_record_that_was_cut_off_stops_nobody(tmp_path):
    train(tmp_path, max_epochs=3)
    path_of(tmp_path, 0).write_bytes(b'')
    checkpoint = str(tmp_path / 'epoch_1.pth')
    train(tmp_path, load_from=checkpoint, resume=True, max_epochs=3)
    assert [record.epoch for record in load_history(tmp_path)] == [1, 2]


def test_a_new_run_begins_a_new_history(tmp_path):
    train(tmp_path, max_epochs=4)
    train(tmp_path, max_epochs=2)
    assert len(load_history(tmp_path)) == 2


def test_a_run_of_iterations_has_one_too(tmp_path):
    runner, _, _ = train(tmp_path, train_cfg=dict(by_epoch=False, max_iters=40, val_interval=1000))
    records = load_history(tmp_path)
    assert len(records) == 4 == records[0].num_epochs  # 3.6 epochs
    assert [record.iteration for record in records] == sorted({r.iteration for r in records})
    assert records[-1].iteration == runner.iter


@pytest.mark.parametrize('num_samples', [10, 50_000, 1_281_167, 15_000_000, 400_000_000])
@pytest.mark.parametrize('num_epochs', [1, 6, 300])
@pytest.mark.parametrize('megabytes', [0, 1, 100])
def test_records_keep_within_their_room(num_samples, num_epochs, megabytes):
    has_plan, stride = share_room(num_samples, num_epochs, megabytes)
    size = has_plan * -(-num_samples // 8) + 2 * -(-num_samples // stride)
    assert size * num_epochs <= megabytes * 1e6 + 2050 * num_epochs
    assert -(-num_samples // stride) >= min(num_samples, 512)
    if megabytes * 1e6 > 3 * num_samples * num_epochs:
        assert (has_plan, stride) == (True, 1)


def test_without_room_there_are_still_scores(tmp_path):
    train(tmp_path, max_epochs=2, num=1500, batch_size=500, hook=dict(history_mb=0))
    record = load_history(tmp_path)[-1]
    assert len(record.keep) == 0
    assert record.stride == 2
    assert len(record.scores) == 750


def test_turnover_counts_both_ways():
    def record(kept):
        return EpochRecord(0, 1, 1, 10, sum(kept), 1.0, 1, np.zeros(10), np.packbits(kept))

    all_of_them, none, half = record([1] * 10), record([0] * 10), record([1, 0] * 5)
    assert turnover(half, half) == 0
    assert turnover(none, all_of_them) == turnover(all_of_them, none) == 1
    assert turnover(all_of_them, half) == turnover(half, all_of_them) == 0.5
    assert np.isnan(turnover(None, half))


def test_scores_that_a_half_cannot_hold_and_samples_never_scored(tmp_path):
    sampler = BLSSampler(range(10), seed=0)
    sampler.max_epochs = 2
    sampler.set_epoch(0)
    sampler.update([1, 2], 1e6)
    sampler.scorer.scores[2] = -1e6
    scores = record_epoch(sampler, as_arrays(sampler.state_dict()), 1, 1).scores
    assert scores[1] == -scores[2] == np.finfo(np.float16).max
    assert np.isnan(np.delete(scores, [1, 2])).all()
