# Everything goes through .venv; `make setup` makes it and is quick when nothing is to do.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/sh

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast matrix alone recordings picture soak fuzz bench-compile bench-sidecar bench-logs bench-diagnose unseen-runs false-alarms bench-lint rule-pages cause-pages fuzz-logs bench-clients library-suites check format lock clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

setup:  ## make .venv, install the locked dependencies, see to the system programs
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/setup.sh

demo: setup  ## reproduce the failure and measure every fix; writes report.html and report.json
	@$(BIN)/unstale prove --html report.html --json report.json

test: setup  ## all tests that this machine can run
	@$(BIN)/python scripts/run_tests.py

test-fast: setup  ## the tests that need neither namespaces nor Envoy nor a browser
	@$(BIN)/python -m pytest -q -m "not lab and not browser"

soak: setup  ## the whole matrix three times over: every run must give the same verdicts
	@for run in 1 2 3; do UNSTALE_SOAK=1 $(BIN)/python -m pytest -q --lab-required tests/lab/test_scenarios.py \
	  tests/lab/test_client_apps.py || exit 1; done

matrix: setup  ## every scenario under every policy: exit 1 if one does not do what it is expected to
	@$(BIN)/unstale prove --scenario all --policy all --as-expected --html report.html --json report.json

alone: setup  ## the same cells side by side and one at a time: exit 1 if a verdict differs
	@$(BIN)/python scripts/compare_alone.py

recordings: setup  ## record one small cell a scenario and policy into tests/recordings
	@$(BIN)/python scripts/make_recordings.py

picture: setup  ## run three policies through a sudden move and draw docs/rotation-sudden.svg
	@$(BIN)/python scripts/draw_rotation_sudden.py

fuzz: setup  ## 100,000 mutated manifests: a message or acceptance, never a traceback, never slow
	@cd tests/istio && ../../$(BIN)/python fuzz_manifests.py --count 100000 --seed 1

bench-compile: setup  ## time and memory of compiling 100, 1,000 and 10,000 hosts, beside what is aimed at
	@$(BIN)/python scripts/bench_compile.py

bench-sidecar: setup  ## requests/s behind unstale sidecar beside a hand-written Envoy, and what it adds to no proxy
	@$(BIN)/python scripts/bench_sidecar_hosts.py
	@$(BIN)/python scripts/bench_sidecar.py

bench-clients: setup  ## requests/s and p99 of each client adapter beside the plain library, in the same run
	@$(BIN)/python scripts/bench_clients.py

library-suites: setup  ## each HTTP library's own tests with our adapter in the place of its transport
	@$(BIN)/python scripts/library_suites.py

fuzz-logs: setup  ## 200,000 mutated log lines: both scanners agree and every line is counted once
	@cd tests/accesslog && ../../$(BIN)/python mutated_logs.py --count 200000 --seed 1

bench-diagnose: setup  ## the confusion table of the diagnosis over cases whose cause is known (CASES=FILE)
	@$(BIN)/python scripts/bench_diagnose.py --misses $(CASES)

unseen-runs: setup  ## fresh lab runs of everything, parameters drawn by SEED: the true cause comes first
	@cd tests/diagnosis && ../../$(BIN)/python unseen_runs.py causes --seed $(or $(SEED),$(shell date +%s))

false-alarms: setup  ## 50 and more fresh lab runs with nothing stale in them: no stale connection is found
	@cd tests/diagnosis && ../../$(BIN)/python unseen_runs.py alarms --seed $(or $(SEED),$(shell date +%s))

cause-pages: setup  ## write docs/causes from the rules
	@$(BIN)/python scripts/write_cause_pages.py

bench-lint: setup  ## time of linting one file and 30,000 objects, beside what is aimed at
	@$(BIN)/python scripts/bench_lint.py

rule-pages: setup  ## write docs/rules from the linter's rules
	@$(BIN)/python scripts/write_rule_pages.py

bench-logs: setup  ## speed, memory and exactness of reading 1 GiB logs, beside what is aimed at, lnav and goaccess
	@$(BIN)/python scripts/bench_logs.py

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
