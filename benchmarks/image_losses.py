"""Cost of the loss of each image in a single-stage detector, and quality of the scores.

Trains a config of MMDetection on all samples, once scored by batch losses (``ResidualScorer``) and
once by the loss of each image (``scorer='auto'``), in new processes and in turn. Both minimise the
same losses. Prints the time of an iteration, and Spearman's rank correlation of the scores with the
losses of the final model on each training image alone, times its number of objects.

    python tools/data/make_digit_scenes.py
    python benchmarks/image_losses.py configs/study/retinanet_r18_fpn_1xb4-8e_digits-600.py
"""

import json
import statistics
import sys
import tempfile
import time
from functools import partial

from measure import interleave, parser, print_table, run_child, spread

SCORERS = {'batch losses': dict(type='ResidualScorer'), 'losses of images': 'auto'}


def measure(name: str, config: str, batch_size: int, epochs: int) -> dict:
    import numpy as np
    import torch
    from mmengine.hooks import Hook
    from mmengine.runner import Runner

    from bls_mm import attach_bls
    from bls_mm.analysis.rank_correlation import rank_correlation
    from bls_mm.analysis.sample_losses import measure_sample_losses
    from bls_mm.config import load_config

    torch.set_num_threads(1)

    class Clock(Hook):
        """Records the CPU time of each training step."""

        priority = 'VERY_LOW'
        seconds = []

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            self.start = time.thread_time()

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            self.seconds.append(time.thread_time() - self.start)

    cfg = attach_bls(load_config(config), 'NoPruning')
    cfg.train_dataloader.sampler.scorer = SCORERS[name]
    cfg.train_dataloader.update(batch_size=batch_size, num_workers=0, persistent_workers=False)
    cfg.train_cfg.update(max_epochs=epochs, val_interval=epochs + 1)
    cfg.default_hooks.update(checkpoint=None)
    cfg.randomness = dict(seed=0)
    cfg.log_level = 'ERROR'
    with tempfile.TemporaryDirectory() as folder:
        cfg.work_dir = folder
        runner = Runner.from_cfg(cfg)
        runner.register_hook(Clock())
        model = runner.train()
    sampler = runner.train_dataloader.batch_sampler.sampler
    dataset = sampler.dataset
    instances = [dataset.get_data_info(index)['instances'] for index in range(len(dataset))]
    objects = [sum(not one['ignore_flag'] for one in image) for image in instances]
    truth = measure_sample_losses(model, dataset) * np.maximum(objects, 1)
    return dict(
        step=statistics.median(Clock.seconds),
        per_image=bool(sampler.scorer.needs_sample_losses),
        correlation=rank_correlation(sampler.scorer.scores.numpy(), truth),
    )


def main() -> None:
    options = parser(__doc__, repeats=2)
    options.add_argument('config', nargs='?', help='a config of a single-stage detector')
    options.add_argument('--batch-sizes', type=int, nargs='+', default=[4, 16])
    options.add_argument('--epochs', type=int, default=4)
    args = options.parse_args()
    if args.child:
        name, config, *numbers = args.child
        print('\n' + json.dumps(measure(name, config, *map(int, numbers))))
        return
    rows = []
    for size in args.batch_sizes:
        variants = {
            name: partial(run_child, sys.argv[0], name, args.config, size, args.epochs)
            for name in SCORERS
        }
        results = interleave(variants, args.repeats)
        batch, images = results.values()
        if not all(run['per_image'] for run in images):
            raise SystemExit(f'{args.config} does not return the loss of each image')
        rows.append(
            [
                size,
                spread([1e3 * run['step'] for run in batch], 0),
                spread([1e3 * run['step'] for run in images], 0),
                spread([two['step'] / one['step'] for one, two in zip(batch, images)]),
                *(spread([run['correlation'] for run in runs]) for runs in results.values()),
            ]
        )
    print_table(
        [
            'batch',
            'step, batch losses, ms',
            'step, losses of images, ms',
            'ratio',
            'rank correlation, batch losses',
            'rank correlation, losses of images',
        ],
        rows,
    )


if __name__ == '__main__':
    main()
