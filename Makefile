# `make demo` and `make test` do all the set-up themselves, in .venv inside this folder.
PYTHON ?= python3
RUN := .venv/bin/python

.PHONY: setup demo demo-detection test test-slow compat torture lint format docs clean

setup:
	@PYTHON=$(PYTHON) bash tools/dev/setup.sh

demo: setup
	$(RUN) tools/demo.py text

demo-detection: setup
	$(RUN) tools/demo.py detection

PYTEST := OMP_NUM_THREADS=1 $(RUN) -m pytest --numprocesses 2 --dist worksteal --durations 10

test: setup lint
	$(PYTEST) -m 'not slow'

# Every config, several processes, runs that are killed; CI runs them, too.
test-slow: setup
	$(PYTEST) -m slow

# Core tests on old and new versions; an hour or more, and up to 6 GB at a time.
compat:
	bash tools/dev/compat.sh

torture: setup
	$(RUN) tests/torture.py --kills 50

docs: setup
	.venv/bin/mkdocs build --strict

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

format: setup
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

clean:
	rm -rf .venv .compat build dist *.egg-info work_dirs data
