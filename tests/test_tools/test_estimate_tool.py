import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = 'mmdet::retinanet/retinanet_r50_fpn_1x_coco.py'


def run(*command):
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_estimate_prints_savings_score_and_adaptations():
    output = run(
        *('tools/analysis/estimate.py', CONFIG, '--pruner', 'DynamicRandom'),
        *('--num-samples', '1000', '--num-gpus', '2'),
        *('--cfg-options', 'train_dataloader.sampler.pruner.prune_ratio=0.3'),
    ).stdout
    assert 'run: 12 epochs of 1,000 samples, batch size 2 on 2 GPU(s)' in output
    assert 'samples: 8,400 instead of 12,000 (30.0% pruned)' in output
    assert 'iterations: 2,100 instead of 3,000' in output
    assert 'scores: this pruner uses none' in output
    gain, risk, advice = output.splitlines()[-3:]
    assert gain == 'You gain: 30.0% of the samples, 900 iterations.'
    assert risk.startswith('You risk: accuracy, as with any random subset')
    assert advice.startswith('Do: ')
    assert 'batch sampler: AspectRatioBatchSampler is kept' in output


def test_missing_data_set_exits_with_one_sentence():
    error = run('tools/analysis/estimate.py', CONFIG).stderr
    assert error.startswith('the data set of the config is missing (')
    assert error.count('\n') == 1


@pytest.mark.parametrize(
    ('command', 'sentence'),
    [
        (
            f'tools/train.py {CONFIG} --pruner SeTa --dry-run-pruning --num-samples 9 '
            '--cfg-options train_dataloader.sampler.pruner.ratio=0.2',
            "pruner SeTa has no option 'ratio'",
        ),
        ('tools/test.py mmdet::no/such.py none.pth', "mmdet has no config 'no/such.py'"),
    ],
)
def test_mistake_on_command_line_exits_with_one_sentence(command, sentence):
    error = run(*command.split()).stderr
    assert error.startswith(sentence)
    assert error.count('\n') == 1


def test_dry_run_prints_every_epoch_and_does_not_train(tmp_path):
    output = run(
        *('tools/train.py', CONFIG, '--pruner', 'InfoBatch', '--dry-run-pruning'),
        *('--num-samples', '1000', '--work-dir', str(tmp_path / 'run')),
    ).stdout
    lines = [line.split() for line in output.splitlines()]
    assert [line[0] for line in lines] == ['epoch', *map(str, range(1, 13)), 'total']
    assert lines[1][1:] == ['1,000', '0.0%', '1.00', '500']
    assert float(lines[5][2].rstrip('%')) > 20
    assert not (tmp_path / 'run').exists()
