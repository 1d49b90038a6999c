"""Writes the scores of a checkpoint as a table, one line a sample.

    python tools/analysis/export_scores.py work_dirs/my_run/epoch_12.pth --out scores.parquet

Its columns: ``index``, the place in the training set; ``image``, the file; ``source``, which data
set of several; ``score``; ``visits``, how often it was scored; ``last_seen``, the last epoch with
it, from 1 (0: none); ``kept``, whether the last plan kept it. What is not known is left out.
"""

import argparse
import sys
from pathlib import Path


def main() -> None:
    """Runs the command line tool."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('checkpoint', help='checkpoint of a run with BLSHook')
    parser.add_argument('--out', default='scores.csv', type=Path, help='a .csv or .parquet file')
    args = parser.parse_args()
    if args.out.suffix not in ('.csv', '.parquet'):
        parser.error(f'--out must be a .csv or .parquet file, but got {args.out}')
    try:
        import pyarrow
        import pyarrow.csv
        import pyarrow.parquet
        from tqdm import tqdm
    except ImportError as error:
        sys.exit(f'export_scores needs {error.name}; install it with: pip install pyarrow tqdm')
    from bls_mm.analysis.export import describe_samples, last_seen, load_scores
    from bls_mm.analysis.pictures import Pictures

    try:
        scores = load_scores(args.checkpoint)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    columns = scores['table']
    num_samples = len(columns['index'])
    seen = last_seen(Path(args.checkpoint).parent, num_samples, scores['epoch'])
    if seen is None:
        print('without last_seen: not every epoch left a record in the folder bls')
    else:
        columns['last_seen'] = seen
    try:
        pictures = Pictures(scores['config'])
        if len(pictures) != num_samples:
            raise ValueError(f'it has {len(pictures):,} samples, not {num_samples:,}')
        columns.update(describe_samples(pictures, tqdm))
    except Exception as error:  # whatever a data set of anyone's may raise
        print(f'without image and source: the training set could not be opened ({error})')
    order = ('index', 'image', 'source', 'score', 'visits', 'last_seen', 'kept')
    table = pyarrow.table({name: columns[name] for name in order if name in columns})
    write = dict(csv=pyarrow.csv.write_csv, parquet=pyarrow.parquet.write_table)
    write[args.out.suffix[1:]](table, str(args.out))
    print(f'{args.out}: {num_samples:,} samples, {", ".join(table.column_names)}')


if __name__ == '__main__':
    main()
