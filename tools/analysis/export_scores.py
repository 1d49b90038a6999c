"""Writes the scores of a checkpoint as a table with one row per sample.

    python tools/analysis/export_scores.py work_dirs/my_run/epoch_12.pth --out scores.parquet \
        --config configs/my_config.py

Columns:

- ``index``: index into the training set
- ``image``: image file; needs --config
- ``source``: the part of a ``ConcatDataset`` that contains the sample; needs --config
- ``score``: the latest score
- ``visits``: how often the sample was scored
- ``last_seen``: the last epoch that trained on the sample, counted from 1 (0: none)
- ``kept``: whether the last plan kept the sample

Unknown columns are left out. The tool reads the checkpoint as data. It runs only the config that
you name with --config, to open the training set.
"""

import argparse
import sys
from pathlib import Path

ORDER = ('index', 'image', 'source', 'score', 'visits', 'last_seen', 'kept')


def parse_args() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('checkpoint', help='checkpoint of a run with BLSHook')
    parser.add_argument(
        '--config', help='config of the run, for the columns image and source; it is run as code'
    )
    parser.add_argument(
        '--out',
        type=Path,
        default='scores.csv',
        help='output file, .csv or .parquet (default: %(default)s)',
    )
    args = parser.parse_args()
    if args.out.suffix not in ('.csv', '.parquet'):
        parser.error(f'--out must be a .csv or .parquet file, but got {args.out}')
    return args


def main() -> None:
    """Runs the command line tool."""
    args = parse_args()
    try:
        from tqdm import tqdm

        if args.out.suffix == '.parquet':
            import pyarrow
            import pyarrow.parquet
    except ImportError as error:
        sys.exit(f'export_scores needs {error.name}; install it with: pip install pyarrow tqdm')
    from bls_mm.analysis.export import describe_samples, last_seen, load_scores
    from bls_mm.analysis.pictures import Pictures
    from bls_mm.analysis.tables import write_csv
    from bls_mm.config import load_config
    from bls_mm.records.atomic import write_atomically

    try:
        scores = load_scores(args.checkpoint)
        config = load_config(args.config) if args.config else None
    except (ModuleNotFoundError, OSError, ValueError) as error:
        sys.exit(str(error))
    columns = scores['table']
    num_samples = len(columns['index'])
    seen = last_seen(Path(args.checkpoint).parent, num_samples, scores['epoch'])
    if seen is None:
        print('no column last_seen: an epoch has no record in the folder bls')
    else:
        columns['last_seen'] = seen
    try:
        if config is None:
            raise ValueError('name the config of the run with --config')
        pictures = Pictures(config)
        if len(pictures) != num_samples:
            raise ValueError(f'it has {len(pictures):,} samples instead of {num_samples:,}')
        columns.update(describe_samples(pictures, tqdm))
    except Exception as error:  # any error of a user's data set
        print(f'no columns image and source: the training set could not be opened ({error})')
    columns = {name: columns[name] for name in ORDER if name in columns}
    try:
        if args.out.suffix == '.csv':
            write_csv(args.out, columns)
        else:
            table = pyarrow.table(columns)
            write_atomically(args.out, lambda file: pyarrow.parquet.write_table(table, file))
    except OSError as error:
        sys.exit(str(error))
    print(f'wrote {args.out}: {num_samples:,} samples, columns {", ".join(columns)}')


if __name__ == '__main__':
    main()
