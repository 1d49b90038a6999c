"""Several processes over gloo, started by torchrun with ``launcher='pytorch'``, under DDP."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bls_mm.scorers import BatchLossScorer

SCRIPT = Path(__file__).parents[1] / 'distributed_run.py'
pytestmark = pytest.mark.slow


def run(work_dir, world_size, **options):
    """Trains in ``world_size`` processes; returns the record of each rank."""
    command = [sys.executable, '-m', 'torch.distributed.run', '--standalone']
    command += [f'--nproc-per-node={world_size}', str(SCRIPT), str(work_dir), json.dumps(options)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return [torch.load(work_dir / f'rank_{rank}.pth') for rank in range(world_size)]


@pytest.fixture(scope='module')
def two(tmp_path_factory):
    """A run of two processes that saves a checkpoint in every iteration."""
    work_dir = tmp_path_factory.mktemp('two')
    return work_dir, run(work_dir, 2, **OPTIONS)


OPTIONS = dict(
    num=43,
    num_workers=1,
    max_epochs=4,
    pruner=dict(type='InfoBatch', delta=1.0),
    optim_wrapper=dict(accumulative_counts=3),
    param_scheduler=[dict(type='CosineAnnealingLR', by_epoch=False, T_max=24)],
    default_hooks=dict(checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=1)),
)


def assert_scores_equal_a_replay(ranks, num):
    scorer = BatchLossScorer(num)
    for iteration in range(len(ranks[0]['batches'])):
        for rank in ranks:
            scorer.update(rank['batches'][iteration], rank['losses'][iteration])
    for rank in ranks:
        torch.testing.assert_close(rank['scores'], scorer.scores)
        assert torch.equal(rank['visits'], scorer.visits)


def test_two_ranks_agree_and_score_like_one_process(two):
    _, ranks = two
    assert len(ranks[0]['batches']) == len(ranks[1]['batches']) < 24
    assert [len(b) for b in ranks[0]['batches']] == [len(b) for b in ranks[1]['batches']]
    assert ranks[0]['batches'] != ranks[1]['batches']
    assert torch.equal(ranks[0]['scores'], ranks[1]['scores'])
    assert ranks[0]['savings'] == ranks[1]['savings']
    assert ranks[0]['savings']['samples_seen'] == 2 * sum(len(b) for b in ranks[0]['batches'])
    assert_scores_equal_a_replay(ranks, 43)


def test_resume_within_an_epoch_is_bit_for_bit(two, tmp_path):
    work_dir, whole = two
    checkpoint = str(work_dir / 'iter_10.pth')  # within an epoch and within an accumulation
    resumed = run(tmp_path, 2, load_from=checkpoint, resume=True, **OPTIONS)
    for rank, whole_rank in zip(resumed, whole):
        for name in ('batches', 'losses', 'lrs'):
            assert rank[name] == whole_rank[name][10:], name
        assert torch.equal(rank['scores'], whole_rank['scores'])
        assert rank['savings'] == whole_rank['savings']
        for one, other in zip(rank['weights'], whole_rank['weights']):
            assert torch.equal(one, other)


def test_resume_with_one_process_keeps_the_scores(two, tmp_path):
    from toy import train

    work_dir, whole = two
    options = dict(OPTIONS, load_from=str(work_dir / 'iter_10.pth'), resume=True)
    _, record, hook = train(tmp_path, log_level='INFO', **options)
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert "by a run of {'world_size': 2, 'batch_size': 4, 'num_shards': 1}" in log
    assert hook.sampler.scorer.visits.sum() > whole[0]['visits'].sum() / 2
    assert len(record.batches) > 0


def test_four_ranks_with_uneven_samples_exchange_once_per_epoch(tmp_path):
    options = dict(num=13, batch_size=1, max_epochs=4, pruner=dict(type='SeTa', delta=1.0))
    ranks = run(tmp_path, 4, **options)
    assert len({len(rank['batches']) for rank in ranks}) == 1
    assert_scores_equal_a_replay(ranks, 13)
    # Lengths, sizes, indices and losses: four collectives per epoch, whatever its iterations.
    assert ranks[0]['collectives']['all_gather'] == 4 * 4


@pytest.mark.parametrize('placement', ['replicated', 'shared'])
def test_ranks_whose_losses_are_of_different_kinds_agree_on_scores(tmp_path, placement):
    sampler = dict(scorer='auto', placement=placement)
    zero, one = run(tmp_path, 2, num=43, sampler=sampler, ranks_with_sample_losses=[1])
    assert torch.equal(zero['scores'], one['scores'])
    assert torch.equal(zero['visits'], one['visits'])
    assert zero['visits'].sum() == zero['savings']['samples_seen'] == one['savings']['samples_seen']


@pytest.mark.parametrize('placement', ['replicated', 'sharded'])
def test_best_checkpoint_of_a_validation_within_an_epoch_has_all_scores(tmp_path, placement):
    best = dict(save_best='distance', rule='less', interval=100, by_epoch=False)
    ranks = run(
        tmp_path,
        2,
        num=43,
        sampler=dict(placement=placement),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=12, val_interval=4),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', **best)),
    )
    state = torch.load(tmp_path / 'best_distance_iter_8.pth', weights_only=False)['bls']['sampler']
    until_saved = [
        dict(state['scorer'], batches=rank['batches'][:8], losses=rank['losses'][:8])
        for rank in ranks
    ]
    assert_scores_equal_a_replay(until_saved, 43)


@pytest.mark.parametrize('placement', ['sharded', 'shared'])
def test_other_placements_train_and_resume_within_an_epoch(tmp_path, placement):
    pruner = dict(OPTIONS['pruner'], target_savings=0.4, guards=[dict(type='Revisit', epochs=2)])
    options = dict(OPTIONS, sampler=dict(placement=placement), pruner=pruner)
    whole = run(tmp_path / 'whole', 2, **options)
    checkpoint = str(tmp_path / 'whole' / 'iter_10.pth')
    resumed = run(tmp_path / 'resumed', 2, load_from=checkpoint, resume=True, **options)
    for rank, whole_rank in zip(resumed, whole):
        for name in ('batches', 'losses', 'lrs'):
            assert rank[name] == whole_rank[name][10:], name
        assert torch.equal(rank['scores'], whole_rank['scores'])
        assert rank['savings'] == whole_rank['savings']
    samples = [{index for batch in rank['batches'] for index in batch} for rank in whole]
    if placement == 'shared':
        assert_scores_equal_a_replay(whole, 43)
    else:
        assert not samples[0] & samples[1]
        assert samples[0] | samples[1] == set(range(43))
