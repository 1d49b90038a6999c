import numpy as np
import pytest
from toy import Recorder, ToyModel, build_runner

from bls_mm.analysis import measure_sample_losses
from bls_mm.research import LossRecord


def record_of(tmp_path, witness=None, num_measured=None, **options):
    hooks = [dict(type='bls_mm.research.LossRecorder', num_measured=num_measured)]
    runner = build_runner(tmp_path, custom_hooks=hooks + [witness] * bool(witness), **options)
    runner.train()
    return runner, LossRecord.load(tmp_path)


def test_records_batches_and_true_losses(tmp_path):
    witness = Recorder()
    runner, record = record_of(tmp_path, witness, max_epochs=3)
    batches = np.split(record.indices, np.cumsum(record.sizes)[:-1])
    assert [batch.tolist() for batch in batches] == witness.batches
    np.testing.assert_allclose(record.losses, witness.losses, rtol=1e-5)
    assert sorted(set(record.epochs)) == [0, 1, 2]
    assert record.true_losses.shape == (3, 42)
    last = measure_sample_losses(runner.model, runner.train_dataloader.dataset)
    np.testing.assert_array_equal(record.true_losses[-1], last)


def test_records_unreduced_losses_per_sample(tmp_path):
    witness = Recorder()
    _, record = record_of(
        tmp_path, witness, num_measured=10, model=ToyModel(per_sample=True), max_epochs=2
    )
    assert len(record.losses) == len(record.indices)
    means = np.add.reduceat(record.losses, np.cumsum(record.sizes) - record.sizes) / record.sizes
    np.testing.assert_allclose(means, witness.losses, rtol=1e-5)
    assert np.isfinite(record.true_losses).sum(1).tolist() == [10, 10]


def test_recording_does_not_change_the_run(tmp_path):
    one, other = Recorder(), Recorder()
    record_of(tmp_path / 'recorded', one)
    build_runner(tmp_path / 'plain', custom_hooks=[other]).train()
    assert one.losses == other.losses
    assert one.batches == other.batches


def test_records_each_batch_of_an_accumulation(tmp_path):
    witness = Recorder()
    runner, record = record_of(
        tmp_path, witness, max_epochs=2, optim_wrapper=dict(accumulative_counts=3)
    )
    assert len(record.losses) == len(witness.losses) == runner.iter
    ratio = record.losses / np.array(
        witness.losses
    )  # MMEngine logs losses before it divides them by 3
    np.testing.assert_allclose(ratio, 1, rtol=1e-5)


def test_run_without_bls_hook_raises(tmp_path):
    runner = build_runner(tmp_path, custom_hooks=[dict(type='bls_mm.research.LossRecorder')])
    runner._hooks = [hook for hook in runner.hooks if type(hook).__name__ != 'BLSHook']
    with pytest.raises(ValueError, match='LossRecorder needs a BLSHook, one process'):
        runner.train()


def test_iteration_based_run_raises(tmp_path):
    with pytest.raises(ValueError, match='a loop that counts epochs'):
        record_of(tmp_path, train_cfg=dict(by_epoch=False, max_iters=22, val_interval=100))


def test_missing_record_raises(tmp_path):
    with pytest.raises(FileNotFoundError, match='does not exist; train with custom_hooks='):
        LossRecord.load(tmp_path)
