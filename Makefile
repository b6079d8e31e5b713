# Everything goes through .venv; `make setup` makes it and is quick when nothing is to do.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/sh

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast soak fuzz bench-compile check format lock clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

setup:  ## make .venv, install the locked dependencies, see to the system programs
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/setup.sh

demo: setup  ## reproduce the failure and measure every fix; writes report.html and report.json
	@$(BIN)/unstale prove --html report.html --json report.json

test: setup  ## all tests that this machine can run
	@$(BIN)/python scripts/run_tests.py

test-fast: setup  ## the tests that need neither namespaces nor Envoy
	@$(BIN)/python -m pytest -q -m "not lab"

soak: setup  ## the whole matrix three times over: every run must give the same verdicts
	@for run in 1 2 3; do $(BIN)/python -m pytest -q --lab-required tests/lab/test_scenarios.py || exit 1; done

fuzz: setup  ## 100,000 mutated manifests: a message or acceptance, never a traceback, never slow
	@cd tests/istio && ../../$(BIN)/python fuzz_manifests.py --count 100000 --seed 1

bench-compile: setup  ## time and memory of compiling 100, 1,000 and 10,000 hosts, beside what is aimed at
	@$(BIN)/python scripts/bench_compile.py

check: setup  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: setup  ## resolve the dependencies anew into requirements/dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --all-extras --group dev pyproject.toml -o requirements/dev.lock

clean:  ## remove what the targets made
	rm -rf $(VENV) build dist recordings report.html report.json .mypy_cache .ruff_cache .pytest_cache
