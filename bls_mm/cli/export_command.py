"""Writes the scores of a run as a table with one row per sample.

Columns:

- index: index into the training set
- image: image file; needs --config
- source: the part of a ConcatDataset that contains the sample; needs --config
- score: the latest score
- visits: how often the sample was scored
- last_seen: the last epoch that trained on the sample, counted from 1 (0: none)
- kept: whether the last plan kept the sample

Unknown columns are left out. The checkpoint is read as data. Only the config that you name with
--config is run as code, to open the training set.
"""

import argparse
from pathlib import Path

from bls_mm.analysis.checkpoints import find_checkpoint

from .outputs import output_path, verb_for

EXAMPLE = 'bls export work_dirs/my_run --config configs/my_config.py'
ORDER = ('index', 'image', 'source', 'score', 'visits', 'last_seen', 'kept')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the command."""
    parser.add_argument(
        'checkpoint',
        metavar='RUN',
        help='work dir of a run with BLSHook, or one of its checkpoints',
    )
    parser.add_argument(
        '--config', help='config of the run, for the columns image and source; it is run as code'
    )
    parser.add_argument(
        '--out',
        type=Path,
        help='.csv or .parquet file (default: scores_<checkpoint>.csv next to the checkpoint)',
    )


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends the program if an argument is wrong."""
    if args.out and args.out.suffix not in ('.csv', '.parquet'):
        parser.error(f'--out must be a .csv or .parquet file, but got {args.out}')


def run(args: argparse.Namespace) -> None:
    """Runs the command."""
    checkpoint = find_checkpoint(args.checkpoint)
    out = output_path(checkpoint.parent, args.out, f'scores_{checkpoint.stem}.csv')
    try:
        from tqdm import tqdm

        if out.suffix == '.parquet':
            import pyarrow
            import pyarrow.parquet
    except ImportError as error:
        raise ModuleNotFoundError(
            f'export needs {error.name}; install it with: pip install pyarrow tqdm'
        ) from error
    from bls_mm.analysis.export import describe_samples, last_seen, load_scores
    from bls_mm.analysis.pictures import Pictures
    from bls_mm.analysis.tables import write_csv
    from bls_mm.config import load_config
    from bls_mm.records.files import write_atomically

    scores = load_scores(str(checkpoint))
    config = load_config(args.config) if args.config else None
    columns = scores['table']
    num_samples = len(columns['index'])
    seen = last_seen(checkpoint.parent, num_samples, scores['epoch'])
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
    verb = verb_for(out)
    if out.suffix == '.csv':
        write_csv(out, columns)
    else:
        table = pyarrow.table(columns)
        write_atomically(out, lambda file: pyarrow.parquet.write_table(table, file))
    print(f'{verb} {out}: {num_samples:,} samples, columns {", ".join(columns)}')
