"""What must hold of a run, whatever it trains."""

from pathlib import Path

import torch
from config_files import upstream_of
from witness import Witness, identities

from bls_mm import SCORERS
from bls_mm.config import load_config


def check_run(witness: Witness, sampler: dict) -> None:
    """Checks all but the hooks.

    Args:
        witness (Witness): What was seen of the run.
        sampler (dict): The config of its sampler.
    """
    check_samples(witness)
    check_losses(witness)
    check_replay(witness, sampler.get('scorer', {}))
    check_pruning(witness, sampler['pruner']['type'])


def check_samples(witness: Witness) -> None:
    """What was scored is what was asked for, and what came to the model."""
    known = identities(witness.dataset)
    assert witness.iterations
    for iteration in witness.iterations:
        assert iteration.scored == iteration.requested
        expected = [known[index] for index in iteration.requested]
        wrong = sum(a != b for a, b in zip(iteration.delivered, expected))
        assert len(iteration.delivered) == len(expected)
        assert wrong <= iteration.replaced


def check_losses(witness: Witness) -> None:
    """The loss that was scored is the loss that was given to the optimizer."""
    for iteration in witness.iterations:
        assert torch.isfinite(iteration.minimised)
        torch.testing.assert_close(iteration.score.mean(), iteration.minimised.float())
        if iteration.sample_losses is not None:
            torch.testing.assert_close(iteration.score, iteration.sample_losses)


def check_replay(witness: Witness, scorer: dict) -> None:
    """The record, replayed through a fresh scorer, leads to the same scores."""
    learnt = witness.sampler.scorer
    cfg = {'type': 'BatchLossScorer', **scorer, '_scope_': 'bls_mm'}
    fresh = SCORERS.build(cfg, default_args=dict(num_samples=len(witness.dataset)))
    assert type(fresh) is type(learnt)
    for iteration in witness.iterations:
        per_sample = learnt.needs_sample_losses
        loss = iteration.sample_losses if per_sample else iteration.minimised
        fresh.update(iteration.requested, loss)
    torch.testing.assert_close(learnt.scores, fresh.scores)
    assert learnt.visits.equal(fresh.visits)
    assert len(learnt.scores.unique()) > 1


def check_pruning(witness: Witness, pruner: str) -> None:
    """The first epoch sees every sample, the second fewer."""
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
    """The hooks of the model's own config are all there."""
    present = {type(hook).__name__ for hook in witness.runner.hooks}
    assert 'BLSHook' in present
    for name in upstream_of(path):
        upstream = load_config(name)
        hooks = [*upstream.get('default_hooks', {}).values(), *upstream.get('custom_hooks', [])]
        assert {hook['type'].rsplit('.', 1)[-1] for hook in hooks} <= present
