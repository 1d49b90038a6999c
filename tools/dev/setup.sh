#!/usr/bin/env bash
# Makes .venv with everything that bls_mm is developed and tested with.
#
# Every step leaves a stamp when it is done, so a set-up that was interrupted continues where it stopped.
# MMCV is compiled once for each pair of Python and torch versions; the wheel is kept outside the clone, in
# $BLS_MM_CACHE (default: $XDG_CACHE_HOME/bls_mm, or ~/.cache/bls_mm).
set -euo pipefail
cd "$(dirname "$0")/../.."

PYTHON=${PYTHON:-python3}
VENV=.venv
CACHE=${BLS_MM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bls_mm}
MMCV_VERSION=2.1.0
LOG=$VENV/setup.log

fail() { echo "set-up: $*" >&2; exit 1; }

# step NAME FILES COMMAND...: runs the command unless it already ran with the same files.
step() {
  local name=$1 files=$2; shift 2
  local stamp; stamp=$VENV/stamps/$name-$(cat $files | sha256sum | cut -c1-12)
  [ -e "$stamp" ] && return
  echo "set-up: $name ..."
  "$@" >>"$LOG" 2>&1 || { tail -n 30 "$LOG" >&2; fail "step '$name' failed; its whole output is in $LOG. Mend the cause and call again: finished steps are kept."; }
  touch "$stamp"
}

pip_install() { "$VENV/bin/python" -m pip install --disable-pip-version-check -c requirements/constraints.txt "$@"; }

mmcv_imports() { "$VENV/bin/python" -c 'import mmcv.ops'; }

build_mmcv() {
  local wheels=$1 work; work=$(mktemp -d)
  echo "set-up: compiling MMCV $MMCV_VERSION (10 to 25 minutes on 2 cores, once for this Python and torch)" >&3
  # pip's own cache does not know which torch a wheel was compiled against, hence --no-cache-dir.
  MMCV_WITH_OPS=1 MAX_JOBS=$(nproc) "$VENV/bin/python" -m pip wheel --no-cache-dir --no-build-isolation \
    --no-deps --no-binary mmcv -w "$work" "mmcv==$MMCV_VERSION"
  mkdir -p "$wheels"
  # Into the cache's own file system first, so that the wheel appears there whole or not at all.
  cp "$work"/mmcv-*.whl "$wheels/.incoming"
  mv "$wheels/.incoming" "$wheels/$(basename "$work"/mmcv-*.whl)"
  rm -rf "$work"
}

install_mmcv() {
  local wheels; wheels=$CACHE/$("$VENV/bin/python" -c \
    'import sys, torch; print(f"py{sys.version_info[0]}{sys.version_info[1]}-torch{torch.__version__}")')
  mkdir -p "$CACHE"
  exec 9>"$CACHE/lock"; flock 9
  ls "$wheels/mmcv-$MMCV_VERSION"-*.whl >/dev/null 2>&1 || build_mmcv "$wheels"
  pip_install --force-reinstall --no-deps "$wheels/mmcv-$MMCV_VERSION"-*.whl
  pip_install "$wheels/mmcv-$MMCV_VERSION"-*.whl
  if ! mmcv_imports; then
    echo "set-up: the cached MMCV wheel does not import; building it again" >&3
    rm -f "$wheels/mmcv-$MMCV_VERSION"-*.whl
    build_mmcv "$wheels"
    pip_install --force-reinstall --no-deps "$wheels/mmcv-$MMCV_VERSION"-*.whl
    mmcv_imports
  fi
  flock -u 9
}

exec 3>&1
"$PYTHON" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' \
  || fail "$("$PYTHON" --version) is not supported; name a Python 3.10, 3.11 or 3.12 with 'make PYTHON=python3.11 ...'."
[ -x "$VENV/bin/python" ] || { rm -rf "$VENV"; "$PYTHON" -m venv "$VENV" || fail "'$PYTHON -m venv' failed; install Python's venv module."; }
mkdir -p "$VENV/stamps"

R=requirements
step torch "$R/torch.txt $R/constraints.txt" pip_install -r $R/torch.txt 'numpy<2'
step build-tools "$R/build.txt" pip_install -r $R/build.txt
step mmcv "$R/torch.txt $R/constraints.txt" install_mmcv
step openmmlab "$R/openmmlab.txt $R/constraints.txt" pip_install --no-build-isolation -r $R/openmmlab.txt
[ -e setup.py ] && step bls_mm "setup.py" pip_install --no-build-isolation -e '.[dev]'
echo "set-up: ready"
