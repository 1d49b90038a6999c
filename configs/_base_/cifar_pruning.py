# The methods of the paper's table 2 at 30, 50 and 70 %, as arguments of the sampler.
#
# The table's percentages are shares of samples saved over a run, and the paper does not say which
# prune_ratio led to them. The random and greedy methods save what they are told to. The others save
# what the scores make of it, and these values are estimates; a run's own summary has the truth.
# - SeTa: the paper's script uses 0.1, and its table 8 reports 40 %: the window leaves out a third.
#   So 0 saves about 33 %, and 0.25 and 0.55 save 50 and 70 %.
# - BLS-SeTa: batch losses spread less, and the same window leaves out less. A third party ran the
#   reference code at 0.3, 0.5 and 0.7 and saved 40, 57 and 75 %, which makes 0.18, 0.42 and 0.65.
# - InfoBatch: 0.5, its default, for which 25 to 34 % are published.
# - BLS-InfoBatch: the same third party saved 12, 20 and 28 % at 0.3, 0.5 and 0.7, which makes 0.75.
# InfoBatch prunes only samples below the mean, and not in the last eighth of the run. 50 % with batch
# losses would need a prune_ratio above 1, and 70 % is out of reach: there is no config for them.
sample_losses = dict(head=dict(loss=dict(reduction='none')))  # of the model: one loss a sample
sample_scores = dict(type='SampleLossScorer')
seta = dict(type='SeTa', num_groups=5, window_scale=0.9, window_rounding='round')  # 4 of 5 groups
pruning = dict(
    full=dict(pruner=dict(type='NoPruning')),
    static_random=dict(
        p30=dict(pruner=dict(type='StaticRandom', prune_ratio=0.3)),
        p50=dict(pruner=dict(type='StaticRandom', prune_ratio=0.5)),
        p70=dict(pruner=dict(type='StaticRandom', prune_ratio=0.7)),
    ),
    dynamic_random=dict(
        p30=dict(pruner=dict(type='DynamicRandom', prune_ratio=0.3)),
        p50=dict(pruner=dict(type='DynamicRandom', prune_ratio=0.5)),
        p70=dict(pruner=dict(type='DynamicRandom', prune_ratio=0.7)),
    ),
    epsilon_greedy=dict(
        p30=dict(scorer=sample_scores, pruner=dict(type='EpsilonGreedy', prune_ratio=0.3)),
        p50=dict(scorer=sample_scores, pruner=dict(type='EpsilonGreedy', prune_ratio=0.5)),
        p70=dict(scorer=sample_scores, pruner=dict(type='EpsilonGreedy', prune_ratio=0.7)),
    ),
    ucb=dict(
        p30=dict(scorer=sample_scores, pruner=dict(type='UCB', prune_ratio=0.3)),
        p50=dict(scorer=sample_scores, pruner=dict(type='UCB', prune_ratio=0.5)),
        p70=dict(scorer=sample_scores, pruner=dict(type='UCB', prune_ratio=0.7)),
    ),
    infobatch=dict(
        p30=dict(scorer=sample_scores, pruner=dict(type='InfoBatch', prune_ratio=0.5)),
    ),
    seta=dict(
        p30=dict(scorer=sample_scores, pruner=dict(seta, prune_ratio=0.0)),
        p50=dict(scorer=sample_scores, pruner=dict(seta, prune_ratio=0.25)),
        p70=dict(scorer=sample_scores, pruner=dict(seta, prune_ratio=0.55)),
    ),
    bls_infobatch=dict(
        p30=dict(pruner=dict(type='InfoBatch', prune_ratio=0.75)),
    ),
    bls_seta=dict(
        p30=dict(pruner=dict(seta, prune_ratio=0.18)),
        p50=dict(pruner=dict(seta, prune_ratio=0.42)),
        p70=dict(pruner=dict(seta, prune_ratio=0.65)),
    ),
)
