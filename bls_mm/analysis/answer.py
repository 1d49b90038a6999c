"""What a run gains by pruning and what it risks, as an estimate in words."""

from typing import Dict, Iterator, Optional

from mmengine.config import Config

from bls_mm.planning import build_planner, is_auto
from bls_mm.registry import type_name

from .estimate import Estimate, RunSize
from .simulation import simulate

SIMULATED = 2_000  # samples for the comparison of scorers
# What a run can score by, in the words of a user, and the scorer that stands for it.
COMPARED = {
    'BatchLossScorer': dict(type='BatchLossScorer'),
    'ResidualScorer': dict(type='ResidualScorer'),
    'loss of each sample': dict(type='SampleLossScorer'),
}
POOR = 0.15  # rank correlation up to which a choice by scores is nearly a random one
FAIR = 0.4


def compare_scorers(cfg: Config, size: RunSize) -> Dict[str, float]:
    """Simulates the run with each scorer.

    Args:
        cfg (Config): A config with a BLSSampler.
        size (RunSize): Its size.

    Returns:
        dict[str, float]: Scorer to the rank correlation of its scores and the losses of samples
        when the last epoch is planned. Empty if the pruner uses no scores.
    """
    pruner = cfg.train_dataloader.sampler.get('pruner') or dict(type='SeTa')
    if not build_planner(pruner).pruner.needs_scores:
        return {}
    num_samples = min(size.num_samples, SIMULATED)
    plans = {
        name: simulate(pruner, scorer, num_samples, size.batch_size, size.max_epochs)
        for name, scorer in COMPARED.items()
    }
    return {name: plan[-1].correlation for name, plan in plans.items()}


def score_line(correlations: Dict[str, float], batch_size: int) -> str:
    """Returns the line that shows scorers apart."""
    if not correlations:
        return 'scores: this pruner uses none'
    shown = ', '.join(f'{name} {value:.2f}' for name, value in correlations.items())
    return f'scores: rank correlation with the loss of a sample, batches of {batch_size}: {shown}'


def answer(
    cfg: Config, result: Estimate, scorers: Dict[str, float], seconds: Optional[float] = None
) -> Iterator[str]:
    """Yields three lines: the gain, the risk, and what to do.

    Args:
        cfg (Config): A config with a BLSSampler.
        result (Estimate): The estimate.
        scorers (dict[str, float]): See :func:`compare_scorers`.
        seconds (float, optional): Seconds of an iteration.
    """
    saved = result.iterations_unpruned - result.iterations
    time = '' if seconds is None else f', about {saved * seconds / 3600:.2f} h of training'
    yield f'You gain: {result.pruned:.1%} of the samples, {saved:,} iterations{time}.'
    own, name = _own(cfg, scorers)
    if own is None:
        yield 'You risk: accuracy, as with any random subset of the samples.'
        yield 'Do: train once with this and once without, and compare them with the report.'
        return
    risk = _risk(name, own)
    if _is_auto(cfg):
        best = 'loss of each sample'
        risk = f'{_risk(best, scorers[best])}, if the model provides it; otherwise {risk}'
    yield f'You risk: accuracy; {risk}.'
    if _is_auto(cfg):
        advice = (
            'the log says after the first epoch whether the model provides the loss of each sample'
        )
    elif own < FAIR:
        advice = (
            f"set scorer='auto': it uses the loss of each sample "
            f'({scorers["loss of each sample"]:.2f}) if the model returns it, otherwise '
            f'ResidualScorer ({scorers["ResidualScorer"]:.2f})'
        )
    else:
        advice = 'train once with this and once without, and compare them with the report'
    yield f'Do: {advice}.'


def _risk(name: str, correlation: float) -> str:
    if not correlation > POOR:  # also if it is NaN
        return (
            f'{name} ({correlation:.2f}) chooses nearly at random, so expect the accuracy of '
            'random samples'
        )
    if correlation < FAIR:
        return f'{name} ({correlation:.2f}) ranks samples poorly, so compare with random samples'
    return f'{name} ({correlation:.2f}) knows which samples are hard, but not what pruning costs'


def _own(cfg: Config, scorers: Dict[str, float]) -> tuple:
    """Returns the correlation of the run's scorer, and its name. None if no scores are used."""
    if not scorers:
        return None, ''
    name = _scorer(cfg)
    name = {'SampleLossScorer': 'loss of each sample', 'auto': 'ResidualScorer'}.get(name, name)
    return scorers.get(name, scorers['BatchLossScorer']), name


def _is_auto(cfg: Config) -> bool:
    return _scorer(cfg) == 'auto'


def _scorer(cfg: Config) -> str:
    sampler = cfg.train_dataloader.sampler
    usual = 'auto' if is_auto(sampler.get('pruner')) else 'BatchLossScorer'
    scorer = sampler.get('scorer') or usual
    if isinstance(scorer, dict):
        if scorer.get('per_sample') is True:
            return 'SampleLossScorer'
        if scorer.get('per_sample') == 'auto':
            return 'auto'
        scorer = scorer['type']
    return type_name(scorer)
