"""Trains methods and seeds, each once, and writes the table of their results."""

import copy
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, List, Optional, Set, Tuple

from mmengine.config import Config
from rich.progress import Progress

from bls_mm.analysis.comparison import as_markdown, rows_of
from bls_mm.analysis.comparison_plot import plot_comparison
from bls_mm.analysis.methods import Method
from bls_mm.analysis.runs import check_is_readable, read_result
from bls_mm.config import attach_bls, load_config
from bls_mm.planning import build_planner
from bls_mm.records.files import read_json, write_json, write_text
from bls_mm.records.savings import read_summary

from .pruning_flags import check_components

TRAIN = ('-m', 'bls_mm.cli', 'train')
POLL_SECONDS = 1
RESULT = {'metric_name', 'asked_metric', 'metric', 'seconds', 'samples_seen', 'pruned'}


class Grid:
    """The runs of methods and seeds in one folder. Each of them is trained once.

    Args:
        cfg (Config): The config that every method starts from.
        out (Path): Folder of the grid. A run is in ``<method>/seed<seed>``.
        metric (str, optional): See :func:`bls_mm.analysis.runs.read_result`. Defaults to None.
        options (dict, optional): Settings that override those of every config. Defaults to None.
        launch (list[str], optional): Prefix of each training command. Defaults to None.

    Attributes:
        runs (list[dict]): Finished runs.
        failed (list[Path]): Work dirs of failed runs.
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
        self._taken: Set[Tuple[str, int]] = set()  # methods and seeds of this call

    def config_of(self, method: Method, seed: int) -> Config:
        """Returns the complete config of a run."""
        if method.pruner is None:
            cfg = copy.deepcopy(load_config(method.name))
        else:
            cfg = attach_bls(self.cfg, method.pruner, method.scorer)
        cfg.randomness = {**(cfg.get('randomness') or {}), 'seed': seed}
        cfg.merge_from_dict(self.options)
        return cfg

    def check(self, method: Method) -> None:
        """Checks that a method can be trained, before any training starts.

        Raises:
            FileNotFoundError, KeyError, TypeError or ValueError: With one sentence, if it cannot.
        """
        cfg = self.config_of(method, seed=0)
        sampler = cfg.train_dataloader.get('sampler') or {}
        if 'pruner' not in sampler:
            raise ValueError(
                f'{method.name} has no BLSSampler, which counts the samples seen; give its '
                "train_dataloader sampler=dict(type='bls_mm.BLSSampler', "
                "pruner=dict(type='NoPruning')), or another pruner"
            )
        if not cfg.get('val_evaluator'):
            raise ValueError(
                f'{method.name} has no val_evaluator, so its runs cannot be compared; add a '
                'validation to the config'
            )
        check_is_readable(method.name, cfg)
        check_components(cfg)

    def work_dir(self, method: Method, seed: int) -> Path:
        """Returns the work dir of a run."""
        return self.out / method.folder / f'seed{seed}'

    def train(self, method: Method, seed: int, progress: Progress) -> None:
        """Trains a run to its end, unless it is finished, and rewrites all results."""
        if (method.folder, seed) in self._taken:
            return
        self._taken.add((method.folder, seed))
        work_dir = self.work_dir(method, seed)
        config = self._write_config(method, seed)
        if not (work_dir / 'result.json').exists():
            epochs = self.config_of(method, seed).train_cfg.get('max_epochs')
            task = progress.add_task(f'{method.name}, seed {seed}', total=epochs)
            succeeded = self._run(
                config, work_dir, lambda epochs: progress.update(task, completed=epochs)
            )
            progress.remove_task(task)
            if not succeeded:
                self.failed.append(work_dir)
                return
        result = self._result_of(work_dir)
        run = dict(method=method.name, is_baseline=method.is_baseline, seed=seed, **result)
        self.runs.append(dict(run, compensation=self._compensation_of(method)))
        self.write()

    def _compensation_of(self, method: Method) -> Optional[str]:
        sampler = self.config_of(method, seed=0).to_dict()['train_dataloader']['sampler']
        return build_planner(sampler['pruner']).compensation

    def _result_of(self, work_dir: Path) -> dict:
        """Returns the result of a finished run, and stores it, which marks the run as finished."""
        path = work_dir / 'result.json'
        result = read_json(path)
        if result.keys() >= RESULT and result['asked_metric'] == self.metric:
            return result
        try:
            result = {**read_result(work_dir, self.metric), 'asked_metric': self.metric}
        except (KeyError, OSError, ValueError) as error:  # the run is finished
            raise SystemExit(error.args[0] if isinstance(error, KeyError) else error) from error
        if not result.keys() >= RESULT:
            raise SystemExit(
                f'{work_dir} has no bls_summary.json, or a damaged one; delete the folder to train '
                'the run again'
            )
        write_json(path, result)
        return result

    def _write_config(self, method: Method, seed: int) -> Path:
        """Writes the config of a run. Exits if the run was started with another config."""
        cfg = self.config_of(method, seed)
        work_dir = self.work_dir(method, seed)
        path = work_dir.with_suffix('.py')  # beside the work dir: MMEngine dumps a copy into it
        has_begun = (work_dir / 'result.json').exists() or (work_dir / 'last_checkpoint').exists()
        if has_begun and path.read_text() != cfg.pretty_text:
            raise SystemExit(
                f'{work_dir} was trained with another config; delete it and {path.name}, or give '
                'another --out'
            )
        work_dir.mkdir(parents=True, exist_ok=True)
        write_text(path, cfg.pretty_text)
        return path

    def _run(self, config: Path, work_dir: Path, report: Callable[[int], None]) -> bool:
        """Trains in another process, reports finished epochs, and returns whether it succeeded."""
        command = [
            *self.launch,
            *(sys.executable, *TRAIN, str(config), '--work-dir', str(work_dir), '--resume'),
        ]
        with open(work_dir / 'train.log', 'a') as log:
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
            try:
                while process.poll() is None:
                    time.sleep(POLL_SECONDS)
                    report(finished_epochs(work_dir))
            finally:
                process.terminate()
        return process.returncode == 0

    def write(self) -> None:
        """Writes the results, the table and the plot of the finished runs."""
        rows, metric = rows_of(self.runs), self.runs[0]['metric_name']
        write_json(self.out / 'results.json', self.runs)
        write_text(self.out / 'table.md', as_markdown(rows, metric))
        plot_comparison(rows, metric, self.out / 'plot.png')


def finished_epochs(work_dir: Path) -> int:
    """Returns the number of finished epochs of a run, 0 before its first summary."""
    return int(read_summary(work_dir).get('epochs', 0))


def describe_failure(work_dir: Path) -> str:
    """Returns a sentence with the last line of a failed run's log."""
    log = work_dir / 'train.log'
    lines = log.read_text().split('\n') if log.exists() else []
    last = next((line.strip() for line in reversed(lines) if line.strip()), 'nothing')
    return f'{work_dir} failed; the last line of its train.log is: {last}'
