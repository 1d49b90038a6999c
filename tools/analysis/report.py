"""Writes one HTML page, which needs no network, about a pruned run, finished or still going.

python tools/analysis/report.py work_dirs/demo/bls_infobatch --full work_dirs/demo/full
"""

import argparse
import sys
from pathlib import Path


def main() -> None:
    """Runs the command line tool."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('work_dir', help='work dir of the run')
    parser.add_argument('--full', help='work dir of the same training without pruning')
    parser.add_argument('--out', help='the page; by default report.html in the work dir')
    parser.add_argument(
        '--samples', type=int, default=24, help='samples of each kind in the gallery'
    )
    args = parser.parse_args()
    try:
        import plotly  # noqa: F401
        from tqdm import tqdm

        from bls_mm.analysis.report import render
        from bls_mm.analysis.work_dir import read_run
    except ImportError as error:
        sys.exit(f'report needs {error.name}; install it with: pip install plotly jinja2 tqdm')
    try:
        run = read_run(args.work_dir)
        full = read_run(args.full) if args.full else None
        page = render(run, full, args.samples, progress=lambda items: tqdm(items, leave=False))
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    out = Path(args.out or run.work_dir / 'report.html')
    out.write_text(page)
    print(f'written to {out}')


if __name__ == '__main__':
    main()
