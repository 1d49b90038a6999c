"""Checks that every run must pass, whatever it trains."""

from pathlib import Path

import torch
from config_files import upstream_of
from witness import Witness, identities

from bls_mm import SCORERS
from bls_mm.config import load_config
from bls_mm.planning import is_auto
from bls_mm.samplers import AUTO


def check_run(witness: Witness, sampler: dict) -> None:
    """Checks everything except the hooks.

    Args:
        witness (Witness): The record of the run.
        sampler (dict): The config of its sampler.
    """
    check_samples(witness)
    check_losses(witness)
    usual = AUTO if is_auto(sampler['pruner']) else {}
    check_replay(witness, sampler.get('scorer', usual))
    check_pruning(witness, sampler['pruner']['type'])


def check_samples(witness: Witness) -> None:
    """The scored samples are those that were requested and that the model received."""
    known = identities(witness.dataset)
    assert witness.iterations
    for iteration in witness.iterations:
        assert iteration.scored == iteration.requested
        expected = [known[index] for index in iteration.requested]
        wrong = sum(a != b for a, b in zip(iteration.delivered, expected))
        assert len(iteration.delivered) == len(expected)
        assert wrong <= iteration.replaced


def check_losses(witness: Witness) -> None:
    """The scored loss is the loss that the optimizer got."""
    for iteration in witness.iterations:
        assert torch.isfinite(iteration.minimised)
        torch.testing.assert_close(iteration.score.mean(), iteration.minimised.float())
        is_per_sample = bool(witness.sampler.scorer.needs_sample_losses)
        assert iteration.score.ndim == is_per_sample
        if is_per_sample and iteration.sample_losses is not None:  # the model returns them itself
            torch.testing.assert_close(iteration.score, iteration.sample_losses)


def check_replay(witness: Witness, scorer: dict) -> None:
    """A replay of the record through a new scorer gives the same scores."""
    used = witness.sampler.scorer
    cfg = {'type': 'BatchLossScorer', **scorer, '_scope_': 'bls_mm'}
    fresh = SCORERS.build(cfg, default_args=dict(num_samples=len(witness.dataset)))
    assert type(fresh) is type(used)
    for iteration in witness.iterations:
        loss = iteration.score if used.needs_sample_losses else iteration.minimised
        fresh.update(iteration.requested, loss)
    torch.testing.assert_close(used.scores, fresh.scores)
    assert used.visits.equal(fresh.visits)
    assert len(used.scores.unique()) > 1


def check_pruning(witness: Witness, pruner: str) -> None:
    """The first epoch contains every sample, the second fewer."""
    epochs = [[], []]
    for iteration in witness.iterations:
        epochs[iteration.epoch] += iteration.requested
    first, second = (len(set(epoch)) for epoch in epochs)
    if pruner not in ('StaticRandom', 'DynamicRandom'):
        assert first == len(witness.dataset)
    if pruner == 'NoPruning':
        assert second == first
    else:
        assert 0 < second < len(witness.dataset)


def check_hooks(witness: Witness, path: Path) -> None:
    """The run has all hooks of the config of the model library."""
    present = {type(hook).__name__ for hook in witness.runner.hooks}
    assert 'BLSHook' in present
    for name in upstream_of(path):
        upstream = load_config(name)
        hooks = [*upstream.get('default_hooks', {}).values(), *upstream.get('custom_hooks', [])]
        assert {hook['type'].rsplit('.', 1)[-1] for hook in hooks} <= present
