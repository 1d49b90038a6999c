"""pruner='auto': the recommended setting, in configs, in plain loops, and in the log."""

import pytest
from mmengine.config import Config
from toy import ToyData, ToyModel, read_log, train

from bls_mm import BLSSampler, PrunedLoader
from bls_mm.config import attach_bls
from bls_mm.planning.build_planner import RECOMMENDED
from bls_mm.pruners import EpsilonGreedy
from bls_mm.scorers import BatchLossScorer, ResidualScorer


@pytest.mark.parametrize(
    ('per_sample', 'reason'),
    [
        (True, 'by the loss of each sample, which this model provides'),
        (False, 'by estimates from batch losses (batch size 4)'),
    ],
)
def test_run_saves_its_target_and_says_how(tmp_path, per_sample, reason):
    model = ToyModel(per_sample)
    _, _, hook = train(
        tmp_path, pruner=dict(type='auto'), model=model, max_epochs=10, log_level='INFO'
    )
    assert hook.savings.pruned == pytest.approx(RECOMMENDED['target_savings'], abs=0.01)
    assert hook.sampler.scorer.needs_sample_losses is per_sample
    log = read_log(tmp_path)
    assert log.count("pruner='auto' keeps the hardest samples") == 1
    assert reason in log
    assert "compensation='learning_rate'" in log


def test_nothing_is_said_of_a_compensation_that_is_off(tmp_path):
    pruner = dict(type='auto', compensation=None)
    train(tmp_path, pruner=pruner, max_epochs=10, log_level='INFO')
    log = read_log(tmp_path)
    assert "pruner='auto' keeps" in log and 'makes up for' not in log


def test_auto_without_a_target(tmp_path):
    pruner = dict(type='auto', target_savings=None)
    train(tmp_path, pruner=pruner, max_epochs=10, log_level='INFO')
    assert "pruner='auto' keeps the hardest samples (EpsilonGreedy) by" in read_log(tmp_path)


def test_other_pruners_log_no_choice(tmp_path):
    train(tmp_path, log_level='INFO')
    assert "pruner='auto'" not in read_log(tmp_path)


@pytest.mark.parametrize('pruner', ['auto', dict(type='auto', target_savings=0.2)])
def test_sampler_of_a_plain_loop(pruner):
    sampler = BLSSampler(ToyData(), pruner=pruner, max_epochs=5)
    assert isinstance(sampler.planner.pruner, EpsilonGreedy)
    assert isinstance(sampler.scorer, ResidualScorer)
    expected = RECOMMENDED['target_savings'] if pruner == 'auto' else 0.2
    assert sampler.planner.budget.target_savings == expected


def test_scorer_that_the_user_gives_stays():
    sampler = BLSSampler(ToyData(), pruner='auto', scorer=dict(type='BatchLossScorer'))
    assert isinstance(sampler.scorer, BatchLossScorer)


def test_options_of_auto_are_those_of_the_pruner():
    with pytest.raises(TypeError, match=r"EpsilonGreedy has no option 'alpha'"):
        BLSSampler(ToyData(), pruner=dict(type='auto', alpha=1))


def test_attached_to_a_config():
    cfg = Config(dict(train_dataloader=dict(sampler=dict(type='DefaultSampler', shuffle=True))))
    sampler = attach_bls(cfg, 'auto').train_dataloader.sampler
    assert sampler.pruner == dict(type='auto') and 'scorer' not in sampler


def test_pruned_loader_makes_batches_smaller():
    loader = PrunedLoader(ToyData(), batch_size=4, max_epochs=5, pruner='auto', seed=0)
    lengths, sizes = [], []
    for epoch in range(5):
        loader.set_epoch(epoch)
        batches = list(loader)
        lengths.append(len(batches))
        sizes.append(sum(len(batch['data_samples']) for batch in batches))
        for batch in loader:
            loader.score(batch['data_samples'].float())
    assert lengths == [11] * 5 == [len(loader)] * 5
    assert sizes[0] == 42 and sum(sizes) == pytest.approx(0.7 * 5 * 42, abs=2)


def test_pruned_loader_cannot_change_the_learning_rate():
    pruner = dict(type='SeTa', compensation='learning_rate')
    with pytest.raises(ValueError, match="use compensation='batch_size'"):
        PrunedLoader(ToyData(), batch_size=4, max_epochs=5, pruner=pruner)
