# Everything runs in .venv, which the first target that needs it creates from requirements.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := build/demo
PLAIN := build/plain

.PHONY: announce watch next-version oracle snapshots calibration faults scale help demo test test-long search lint bench golden docs site mutate lock clean fuzz

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("aiperf-migrate needs Python 3.11 or newer; set PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[dev]'
	@touch $@

# The plain tool, without what the tests need: a tenth of the size.
$(PLAIN)/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("aiperf-migrate needs Python 3.11 or newer; set PYTHON=python3.11")'
	@$(PYTHON) -m venv $(PLAIN)
	@echo 'Setting up the tool in $(PLAIN)'
	@$(PLAIN)/bin/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable .
	@touch $@

LAB := golden/exports/lab
demo: $(PLAIN)/ready ## upgrade the recorded exports, and compare a slower server with its baseline
	@rm -rf $(DEMO)
	@echo '$$ aiperf-migrate upgrade golden/exports --exclude folder --exclude multirun -d $(DEMO)'
	@$(PLAIN)/bin/aiperf-migrate upgrade golden/exports --exclude folder --exclude multirun -d $(DEMO)
	@echo
	@echo '$$ aiperf-migrate diff BASELINE CANDIDATE --fail-on request_latency.p99:5     (its first lines)'
	@$(PLAIN)/bin/aiperf-migrate diff --base $(LAB)/base-1 $(LAB)/base-2 $(LAB)/base-3 \
	  --cand $(LAB)/slow20-1 $(LAB)/slow20-2 $(LAB)/slow20-3 --fail-on request_latency.p99:5 | sed -n '1,2p;15,19p'
	@echo
	@echo 'The upgraded tree is in $(DEMO). Next, on files of your own:'
	@echo '  $(PLAIN)/bin/aiperf-migrate inspect PATH --summary'

lint: $(VENV)/ready ## style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

announce:
	@echo "Style, types, contracts and tests: about 7 minutes on two idle cores."

# Tests start the command line hundreds of times, and leave no compiled modules behind: so they are there before.
test: announce lint ## everything that must pass, in a few minutes
	$(BIN)/python -m compileall -q migrator tui
	$(BIN)/pytest -n auto -m "not slow"

test-long: $(VENV)/ready ## longer searches
	$(BIN)/python -m compileall -q migrator tui
	$(BIN)/pytest -n auto -m "slow and not search"
	FRESH=1 $(BIN)/pytest -n auto -m "not slow" tests/cli

search: $(VENV)/ready ## look for counterexamples to the laws, another way each time
	HYPOTHESIS_PROFILE=search $(BIN)/pytest -n auto -m slow tests/migration/test_laws.py

bench: $(VENV)/ready ## cost per file, start-up, memory; as ratios
	$(BIN)/python -m benchmarks batch jq aiperf startup computing memory records tui

scale: $(VENV)/ready ## 100,000 files: time, memory, workers, waiting for the disk; takes minutes
	$(BIN)/python -m benchmarks scale tui_many

calibration: $(VENV)/ready ## the promises of the statistics, on simulated runs; takes minutes
	$(BIN)/python -m benchmarks calibration

oracle: $(VENV)/ready ## let AIPerf itself read what was converted for it; RELEASES="0.9.0 0.13.0" asks only those
	$(BIN)/python -m oracle $(RELEASES)

faults: $(VENV)/ready ## kill, starve and disturb batches, thousands of times; fills docs/reliability.md
	PYTHONPATH=tests $(BIN)/python -m search.faults

golden: $(VENV)/ready ## regenerate golden/expected; review the difference
	$(BIN)/python -m golden.update

docs: $(VENV)/ready ## regenerate the generated pages
	$(BIN)/python -m migrator.check.pages docs
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/commands.py
	$(BIN)/python docs/directions.py
	$(BIN)/python docs/definitions.py
	$(BIN)/python docs/readme.py
	$(BIN)/python -m oracle.report
	$(BIN)/python docs/screenshots.py

site: ## build the pages of docs/ as a site, in build/site
	$(PYTHON) -m venv build/site-tools
	build/site-tools/bin/python -m pip install --quiet --disable-pip-version-check 'mkdocs>=1.6,<2' 'mkdocs-material>=9.6,<10'
	NO_MKDOCS_2_WARNING=1 build/site-tools/bin/mkdocs build --strict --quiet

snapshots: $(VENV)/ready ## record anew what the terminal UI looks like; look at the pictures
	UPDATE_SNAPSHOTS=1 $(BIN)/pytest tests/tui/test_tui_snapshots.py

mutate: $(VENV)/ready ## make many small changes and see that the tests notice; takes hours; ARGS="diff --sample 100 --write"
	PYTHONPATH=tests:. $(BIN)/python -m search.mutate $(ARGS)

next-version: $(VENV)/ready ## add a version that does not exist to a copy, and run the tests there; ARGS=--all runs every quick one
	PYTHONPATH=tests:. $(BIN)/python -m search.next_version $(ARGS)

watch: $(VENV)/ready ## look for newer AIPerf releases, say what they change, draft the work; ARGS="--wheel PATH"
	$(BIN)/python -m watch $(ARGS)

fuzz: $(VENV)/ready ## look for bytes that end in a traceback or a hang, for SECONDS (60), through one command with TARGET=redact; needs atheris
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'atheris>=3.0'
	PYTHONPATH=tests:. $(BIN)/python -m search.fuzz $(or $(SECONDS),60) $(TARGET)

lock: ## pin today's newest versions of all dependencies
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --editable '.[dev]'
	build/lock/bin/python -m pip freeze --exclude-editable > requirements.lock

clean: ## remove the environment and everything built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
