"""Writes a report of a pruned run, finished or still running, as one HTML page.

python tools/analysis/report.py work_dirs/demo/bls_infobatch --full work_dirs/demo/full \
    --config configs/demo/crnn-slim_bls-infobatch_6e_short-words.py

The tool reads the files of a work dir as data. It runs only the config that you name with --config,
to open the training set and show its samples.
"""

import argparse
import sys
from pathlib import Path
from typing import Iterable


def parse_args() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('work_dir', help='work dir of the run')
    parser.add_argument('--full', help='work dir of the same training without pruning')
    parser.add_argument(
        '--config', help='config of the run, to show its samples; it is run as code'
    )
    parser.add_argument('--out', help='output file; default: report.html in the work dir')
    parser.add_argument(
        '--samples',
        type=int,
        default=24,
        help='samples of each kind in the gallery (default: %(default)s)',
    )
    return parser.parse_args()


def main() -> None:
    """Runs the command line tool."""
    args = parse_args()
    try:
        import plotly  # noqa: F401
        from tqdm import tqdm

        from bls_mm.analysis.report import render
        from bls_mm.analysis.work_dir import read_run
        from bls_mm.config import load_config
        from bls_mm.records.atomic import write_text
    except ImportError as error:
        sys.exit(f'report needs {error.name}; install it with: pip install plotly jinja2 tqdm')

    def progress(items: Iterable) -> Iterable:
        return tqdm(items, leave=False)

    try:
        run = read_run(args.work_dir)
        full = read_run(args.full) if args.full else None
        config = load_config(args.config) if args.config else None
        page = render(run, full, args.samples, progress, config)
        out = Path(args.out or run.work_dir / 'report.html')
        write_text(out, page)
    except (ModuleNotFoundError, OSError, ValueError) as error:
        sys.exit(str(error))
    print(f'wrote {out}')
    if config is None:
        print(f'it shows no samples; to show them, add --config {run.config_path or "CONFIG"}')


if __name__ == '__main__':
    main()
