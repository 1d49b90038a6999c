#!/usr/bin/env bash
# Runs the core tests on old and new versions of Python, torch, MMEngine and numpy.
#
#   bash tools/dev/compat.sh             # every set of versions below
#   bash tools/dev/compat.sh oldest      # one of them
#   KEEP=1 bash tools/dev/compat.sh      # keep the environments, 2 to 6 GB each
#
# The core tests are those of the package that need no MMCV operator. Left out are the tests of configs,
# tools, examples, captioning and damaged files, which need other libraries, and those of the repository
# itself: its rooms, attributes, packaging and documentation. Each environment is built in .compat/NAME,
# outside .venv. A Python that is not installed is skipped, with a message. The output of each set ends with
# the tests that skip, and why. The rows of the table in docs/versions.md are printed at the end.
set -euo pipefail
cd "$(dirname "$0")/../.."

# name | Python | requirements of pip ("newest" takes what the registry offers)
SETS='
oldest | 3.8  | torch==2.0.0 mmengine==0.10.5 numpy<2
old    | 3.10 | torch==2.4.1 mmengine==0.10.6 numpy<2
middle | 3.12 | torch==2.6.0 mmengine==0.10.7 numpy>=2
newest | 3.13 | torch mmengine numpy>=2
'
# setuptools: MMEngine imports pkg_resources, which version 81 removed.
COMMON=('setuptools<81' 'pytest>=7' accelerate scipy scikit-learn matplotlib 'plotly>=6' jinja2 pyarrow tqdm)
TESTS=(tests/test_ops tests/test_scorers tests/test_pruners tests/test_planning tests/test_distributed
  tests/test_samplers tests/test_data tests/test_records tests/test_hooks tests/test_research
  tests/test_analysis tests/test_cli tests/test_checks.py tests/test_compat.py tests/test_config.py
  tests/test_deprecation.py tests/test_losses.py tests/test_mistakes.py tests/test_registry.py
  tests/test_torture.py tests/test_unpickling.py tests/test_wrong_runs.py)
WANTED=("$@")
FAILED=0
ROWS=()

wanted() {
  [ ${#WANTED[@]} -eq 0 ] && return 0
  local name
  for name in "${WANTED[@]}"; do [ "$name" = "$1" ] && return 0; done
  return 1
}

# find_python VERSION: prints a command of that version, also of one that only pyenv has.
find_python() {
  local found
  if "python$1" --version >/dev/null 2>&1; then echo "python$1"; return; fi
  found=$(pyenv versions --bare 2>/dev/null | grep "^${1//./\\.}\." | tail -n 1) || return 1
  echo "$(pyenv root)/versions/$found/bin/python"
}

# build DIRECTORY PYTHON REQUIREMENTS...
build() {
  local home=$1 python=$2; shift 2
  [ -e "$home/ready" ] && return
  rm -rf "$home"
  "$python" -m venv "$home"
  "$home/bin/python" -m pip install --quiet --disable-pip-version-check "${COMMON[@]}" "$@"
  touch "$home/ready"
}

versions() {
  "$1/bin/python" - <<'PY'
import sys

import mmengine
import numpy
import torch

python = '.'.join(map(str, sys.version_info[:3]))
print(python, torch.__version__.split('+')[0], mmengine.__version__, numpy.__version__, sep=' | ')
PY
}

while IFS='|' read -r name python requirements; do
  name=$(echo "$name" | xargs); version=$(echo "$python" | xargs)
  [ "$name" ] && wanted "$name" || continue
  if ! python=$(find_python "$version"); then
    echo "compat: $name: Python $version is not installed; skipped"
    continue
  fi
  home=.compat/$name
  echo "compat: $name: building $home with $python ..."
  # shellcheck disable=SC2086
  build "$home" "$python" $requirements
  log=.compat/$name.log
  if PYTHONPATH=$PWD OMP_NUM_THREADS=1 "$home/bin/python" -m pytest -p no:cacheprovider -rs "${TESTS[@]}" >"$log" 2>&1; then :; else FAILED=1; fi
  result=$(tail -n 1 "$log")
  echo "compat: $name: $result (output: $log)"
  ROWS+=("| $name | $(versions "$home") | $result |")
  [ "${KEEP:-}" ] || rm -rf "$home"
done <<<"$SETS"

printf '\n| set | Python | torch | mmengine | numpy | core tests |\n|---|---|---|---|---|---|\n'
printf '%s\n' "${ROWS[@]}"
exit $FAILED
