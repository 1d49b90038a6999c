"""The records that BLSHook writes during a run."""

import numpy as np
from toy import train

from bls_mm.records.history import load_history, load_record, path_of


def test_records_match_independent_observation(tmp_path):
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


def test_resumed_run_continues_history(tmp_path):
    checkpoint = dict(type='CheckpointHook', by_epoch=False, interval=5)
    options = dict(max_epochs=6, default_hooks=dict(checkpoint=checkpoint))
    train(tmp_path, **options)
    whole = [load_record(tmp_path, epoch) for epoch in range(6)]
    path_of(tmp_path, 5).write_bytes(b'left by a run that went further')
    train(tmp_path, load_from=str(tmp_path / 'iter_25.pth'), resume=True, **options)
    records = load_history(tmp_path)
    assert [record.epoch for record in records] == list(range(6))
    for epoch, record in enumerate(records):
        np.testing.assert_array_equal(record.keep, whole[epoch].keep)
        np.testing.assert_array_equal(record.scores, whole[epoch].scores)


def test_truncated_record_does_not_stop_resume(tmp_path):
    train(tmp_path, max_epochs=3)
    path_of(tmp_path, 0).write_bytes(b'')
    checkpoint = str(tmp_path / 'epoch_1.pth')
    train(tmp_path, load_from=checkpoint, resume=True, max_epochs=3)
    assert [record.epoch for record in load_history(tmp_path)] == [1, 2]


def test_new_run_replaces_history(tmp_path):
    train(tmp_path, max_epochs=4)
    train(tmp_path, max_epochs=2)
    assert len(load_history(tmp_path)) == 2


def test_iteration_based_run_has_history(tmp_path):
    runner, _, _ = train(tmp_path, train_cfg=dict(by_epoch=False, max_iters=40, val_interval=1000))
    records = load_history(tmp_path)
    assert len(records) == 4 == records[0].num_epochs  # 3.6 epochs
    assert [record.iteration for record in records] == sorted({r.iteration for r in records})
    assert records[-1].iteration == runner.iter


def test_run_without_budget_records_some_scores(tmp_path):
    train(tmp_path, max_epochs=2, num=1500, batch_size=500, hook=dict(history_mb=0))
    record = load_history(tmp_path)[-1]
    assert len(record.keep) == 0
    assert record.stride == 2
    assert len(record.scores) == 750
