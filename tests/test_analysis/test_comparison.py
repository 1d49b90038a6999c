import pytest

from bls_mm.analysis.comparison import as_markdown, baselines_of, digits_of, rows_of
from bls_mm.analysis.comparison_plot import plot_comparison
from bls_mm.analysis.methods import parse_method


def runs_of(method, saved, metrics=(0.9, 0.8, 0.7), compensation=None):
    return [
        dict(
            method=method,
            is_baseline=parse_method(method).is_baseline,
            seed=seed,
            metric=metric,
            samples_seen=round(1000 * (1 - saved)),
            pruned=saved,
            seconds=10.0,
            compensation=compensation,
        )
        for seed, metric in enumerate(metrics)
    ]


def test_baselines_have_budgets_of_methods():
    runs = [
        *runs_of('NoPruning', 0),
        *runs_of('SeTa', 0.204),
        *runs_of('InfoBatch', 0.212),
        *runs_of('UCB', 0.3),
        *runs_of('DynamicRandom(prune_ratio=0.9)', 0.9),
    ]
    assert [method.name for method in baselines_of(runs)] == [
        'DynamicRandom(prune_ratio=0.21)',
        'FewerPasses(prune_ratio=0.21)',
        'DynamicRandom(prune_ratio=0.3)',
        'FewerPasses(prune_ratio=0.3)',
    ]
    assert [method.pruner['prune_ratio'] for method in baselines_of(runs, same=1)] == [0.24] * 2
    assert baselines_of(runs_of('InfoBatch', 0.0)) == []


def test_random_baseline_has_compensation_of_each_method():
    runs = [
        *runs_of('SeTa', 0.29),
        *runs_of('auto', 0.3, compensation='learning_rate'),
        *runs_of('auto(target_savings=0.5)', 0.5, compensation='learning_rate'),
    ]
    assert [method.name for method in baselines_of(runs)] == [
        'DynamicRandom(prune_ratio=0.29)',
        "DynamicRandom(prune_ratio=0.29, compensation='learning_rate')",
        'FewerPasses(prune_ratio=0.29)',
        "DynamicRandom(prune_ratio=0.5, compensation='learning_rate')",
        'FewerPasses(prune_ratio=0.5)',
    ]


def test_method_is_compared_with_random_samples_of_its_compensation():
    levered = "DynamicRandom(prune_ratio=0.4, compensation='learning_rate')"
    runs = [
        *runs_of('auto', 0.3, [80], compensation='learning_rate'),
        *runs_of('DynamicRandom(prune_ratio=0.3)', 0.3, [70]),
        *runs_of(levered, 0.4, [78], compensation='learning_rate'),
        *runs_of('SeTa + auto', 0.4, [71]),
    ]
    differences = {
        line.split(' | ')[0][2:]: line.rsplit('|', 2)[1].strip()
        for line in as_markdown(rows_of(runs), 'accuracy').splitlines()[2:]
    }
    assert differences['auto'].startswith('+2.00')
    assert differences['SeTa + auto'].startswith('+1.00')


def test_table_equals_hand_written_table():
    runs = [*runs_of('SeTa', 0.25), *runs_of('NoPruning', 0, [76.5])]
    assert as_markdown(rows_of(runs), 'accuracy').splitlines()[2:] == [
        '| NoPruning | 1,000 | 0.0% | 10 s | 76.5 | 76.5 |  |',
        '| SeTa | 750 | 25.0% | 10 s | 0.800 ± 0.100 | 0.900, 0.800, 0.700 |  |',
    ]


def test_methods_are_compared_with_nearest_random_baseline_seed_by_seed():
    runs = [
        *runs_of('SeTa', 0.25, [76.75, 78.75, 78]),  # compared with 76.5 and 79.25
        *runs_of('InfoBatch', 0.5, [75]),
        *runs_of('DynamicRandom(prune_ratio=0.25)', 0.25, [76.5, 79.25]),
        *runs_of('DynamicRandom(prune_ratio=0.5)', 0.5, [75.5]),
    ]
    lines = as_markdown(rows_of(runs), 'accuracy').splitlines()[2:]
    assert {line.split(' | ')[0][2:]: line.rsplit('|', 2)[1].strip() for line in lines} == {
        'SeTa': '-0.12 ± 0.53, higher in 1 of 2',
        'InfoBatch': '-0.50, higher in 0 of 1',
        'DynamicRandom(prune_ratio=0.25)': '',
        'DynamicRandom(prune_ratio=0.5)': '',
    }


def test_plot_is_written(tmp_path):
    runs = [*runs_of('SeTa', 0.2), *runs_of('FewerPasses(prune_ratio=0.2)', 0.2)]
    plot_comparison(rows_of(runs), 'accuracy', tmp_path / 'plot.png')
    assert (tmp_path / 'plot.png').stat().st_size > 10_000


def test_a_run_that_diverged_has_no_spread():
    runs = [*runs_of('NoPruning', 0), *runs_of('SeTa', 0.2, (0.9, float('nan'), float('inf')))]
    table = as_markdown(rows_of(runs), 'acc')
    assert '| nan ± nan |' in table and '0.800 ± 0.100' in table


@pytest.mark.parametrize(
    ('metric', 'digits'),
    [(92.3, 1), (-30.0, 1), (0.9, 3), (0.0, 3), (0.04, 4), (0.00042, 6), (float('nan'), 3)],
)
def test_small_metrics_have_three_figures(metric, digits):
    assert digits_of(metric) == digits
