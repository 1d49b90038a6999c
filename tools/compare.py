"""Trains a grid of methods and seeds, and compares them with random pruning and shorter training.

    python tools/compare.py configs/demo/crnn-slim_6e_short-words.py \
        --methods SeTa 'InfoBatch(prune_ratio=0.3) + BatchLossScorer(alpha=0.9)' --seeds 0 1 2

Runs go one after another. A grid that was broken off goes on where it was: call it again, also
with more methods or seeds. Into its folder it writes table.md, results.json and plot.png, anew
after each run. Baselines are always in it: all samples (NoPruning); and, at the number of samples
that the methods really used, random samples (DynamicRandom) and fewer epochs (FewerPasses).
"""

import argparse
import copy
import json
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import List, Optional, Set, Tuple

from mmengine.config import Config, DictAction
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bls_mm.analysis.comparison import (
    SAME_BUDGET,
    UNPRUNED,
    Method,
    as_markdown,
    baselines_of,
    parse_method,
    plot,
    rows_of,
)
from bls_mm.analysis.runs import read_result
from bls_mm.config import attach_bls, load_config
from bls_mm.pruners import build_pruner
from bls_mm.registry import SCORERS, build
from bls_mm.scorers import Scorer

TRAIN = Path(__file__).with_name('train.py')
SECONDS_BETWEEN_LOOKS = 1


class Grid:
    """Runs of methods and seeds in one folder, each of them trained once.

    Args:
        cfg (Config): The config that every method starts from.
        out (Path): Folder of the grid; a run is in ``<method>/seed<seed>``.
        metric (str, optional): See :func:`bls_mm.analysis.runs.read_result`.
        options (dict, optional): Settings that override those of every config.
        launch (list[str]): What to put before each training command.

    Attributes:
        runs (list[dict]): Finished runs.
        failed (list[Path]): Work dirs of runs that broke off.
    """

    def __init__(
        self,
        cfg: Config,
        out: Path,
        metric: Optional[str] = None,
        options: Optional[dict] = None,
        launch: Optional[List[str]] = None,
    ) -> None:
        self.cfg, self.out, self.metric = cfg, out, metric
        self.options, self.launch = options or {}, launch or []
        self.runs: List[dict] = []
        self.failed: List[Path] = []
        self._taken: Set[Tuple[str, int]] = set()  # runs of this call

    def config_of(self, method: Method, seed: int) -> Config:
        """Returns the whole config of a run."""
        if method.pruner is None:
            cfg = copy.deepcopy(load_config(method.name))
        else:
            cfg = attach_bls(self.cfg, method.pruner, method.scorer)
        cfg.randomness = {**(cfg.get('randomness') or {}), 'seed': seed}
        cfg.merge_from_dict(self.options)
        return cfg

    def check(self, method: Method) -> None:
        """Raises one sentence if a method cannot be trained, before any other is."""
        sampler = self.config_of(method, seed=0).train_dataloader.get('sampler') or {}
        if 'pruner' not in sampler:
            raise ValueError(
                f'{method.name} has no BLSSampler, which counts the samples seen; give its '
                "train_dataloader sampler=dict(type='bls_mm.BLSSampler', "
                "pruner=dict(type='NoPruning')), or whichever pruner it is about"
            )
        build_pruner(sampler.pruner.to_dict())
        if isinstance(sampler.get('scorer'), dict):
            build(SCORERS, 'scorer', sampler.scorer.to_dict(), Scorer, num_samples=1)

    def work_dir(self, method: Method, seed: int) -> Path:
        return self.out / method.folder / f'seed{seed}'

    def train(self, method: Method, seed: int, progress: Progress) -> None:
        """Trains one run to its end, unless it is there already, and writes all results anew."""
        if (method.folder, seed) in self._taken:
            return
        self._taken.add((method.folder, seed))
        work_dir = self.work_dir(method, seed)
        config = self._write_config(method, seed)
        if not (work_dir / 'result.json').exists():
            task = progress.add_task(f'{method.name}, seed {seed}', total=self._epochs(config))
            ended_well = self._run(
                config, work_dir, lambda done: progress.update(task, completed=done)
            )
            progress.remove_task(task)
            if not ended_well:
                self.failed.append(work_dir)
                return
        self.runs.append(
            dict(
                method=method.name,
                is_baseline=method.is_baseline,
                seed=seed,
                **self._result_of(work_dir),
            )
        )
        self.write()

    def _result_of(self, work_dir: Path) -> dict:
        """Returns what a finished run came to, and notes that it need not be trained again."""
        path = work_dir / 'result.json'
        if path.exists():
            result = json.loads(path.read_text())
            if self.metric in (None, result['metric_name']):
                return result
        try:
            result = read_result(work_dir, self.metric)
        except KeyError as error:  # the run stays: another --metric finds it finished
            raise SystemExit(error.args[0]) from error
        path.write_text(json.dumps(result, indent=2) + '\n')
        return result

    def _write_config(self, method: Method, seed: int) -> Path:
        """Writes the config of a run, and refuses to go on with a run of another config."""
        cfg = self.config_of(method, seed)
        work_dir = self.work_dir(method, seed)
        path = work_dir.with_suffix('.py')  # beside it: MMEngine writes a copy of its own into it
        has_begun = (work_dir / 'result.json').exists() or (work_dir / 'last_checkpoint').exists()
        if has_begun and path.read_text() != cfg.pretty_text:
            raise SystemExit(
                f'{work_dir} was trained with another config; delete it and {path.name}, or give '
                'another --out'
            )
        work_dir.mkdir(parents=True, exist_ok=True)
        path.write_text(cfg.pretty_text)
        return path

    @staticmethod
    def _epochs(config: Path) -> Optional[int]:
        return Config.fromfile(config).train_cfg.get('max_epochs')

    def _run(self, config: Path, work_dir: Path, look) -> bool:
        command = [
            *self.launch,
            *(sys.executable, str(TRAIN), str(config), '--work-dir', str(work_dir), '--resume'),
        ]
        with open(work_dir / 'train.log', 'a') as log:
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
            try:
                while process.poll() is None:
                    time.sleep(SECONDS_BETWEEN_LOOKS)
                    look(_epochs_done(work_dir))
            finally:
                process.terminate()
        return process.returncode == 0

    def write(self) -> None:
        """Writes table, results and plot of the runs so far."""
        rows, metric = rows_of(self.runs), self.runs[0]['metric_name']
        (self.out / 'results.json').write_text(json.dumps(self.runs, indent=2) + '\n')
        (self.out / 'table.md').write_text(as_markdown(rows, metric))
        plot(rows, metric, self.out / 'plot.png')


def _epochs_done(work_dir: Path) -> int:
    try:
        return json.loads((work_dir / 'bls_summary.json').read_text())['epochs']
    except (FileNotFoundError, json.JSONDecodeError):  # not yet there, or half written
        return 0


def train_grid(grid: Grid, methods: List[Method], seeds: List[int], same: float) -> None:
    """Trains, seed by seed, all samples, the methods, and the baselines.

    The first seed's runs tell which budgets the baselines need, so that more seeds change none.
    """
    columns = TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeElapsedColumn()) as progress:
        overall = progress.add_task('all runs', total=None)
        baselines: List[Method] = []
        for seed in seeds:
            for method in (parse_method(UNPRUNED), *methods):
                grid.train(method, seed, progress)
                progress.advance(overall)
            if not baselines:  # or all methods failed so far
                baselines = baselines_of(grid.runs, same)
                progress.update(overall, total=len(seeds) * (1 + len(methods) + len(baselines)))
            for method in baselines:
                grid.train(method, seed, progress)
                progress.advance(overall)


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file, or package::path, that all methods start from')
    parser.add_argument(
        '--methods',
        nargs='+',
        default=['SeTa', 'InfoBatch'],
        help='pruner, or pruner + scorer, with options as Python writes them; or a config file',
    )
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument('--out', type=Path, help='folder; default work_dirs/compare/<config>')
    parser.add_argument(
        '--metric',
        help="end of the metric's name in the log, such as bbox_mAP; the default is the first one",
    )
    parser.add_argument(
        '--same-budget',
        type=float,
        default=SAME_BUDGET,
        help='methods whose savings differ by no more share their baselines; 1 for one budget',
    )
    parser.add_argument(
        '--launch',
        type=shlex.split,
        default=[],
        help="what to put before each training command, such as 'srun --gres=gpu:1'",
    )
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='for every run')
    return parser.parse_args(argv)


def main() -> None:
    args = parse_args()
    try:
        methods = [parse_method(text) for text in args.methods]
        out = args.out or Path('work_dirs/compare') / Path(args.config).stem
        grid = Grid(load_config(args.config), out, args.metric, args.cfg_options, args.launch)
        for method in methods:
            grid.check(method)
    except (FileNotFoundError, KeyError, ModuleNotFoundError, TypeError, ValueError) as error:
        raise SystemExit(error.args[0] if isinstance(error, KeyError) else str(error)) from error
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that it ends the training too
    train_grid(grid, methods, args.seeds, args.same_budget)
    if grid.runs:
        Console().print((out / 'table.md').read_text(), f'written to {out}')
    if grid.failed:
        raise SystemExit('\n'.join(map(_failure_of, grid.failed)))


def _failure_of(work_dir: Path) -> str:
    log = work_dir / 'train.log'
    lines = log.read_text().split('\n') if log.exists() else []
    last = next((line.strip() for line in reversed(lines) if line.strip()), 'nothing')
    return f'{work_dir} failed; the last line of its train.log is: {last}'


if __name__ == '__main__':
    main()
