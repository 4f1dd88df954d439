# `make help` lists what there is. Everything is installed inside this folder: .uv/ holds the
# installer, .venv/ the program and its tools, both pinned by hash in requirements/.

PYTHON ?= python3
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

UV  := .uv/bin/uv
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never

PACKAGES := events projections alerts service

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- install ----------------------------------------------------------------------------------

.PHONY: install
install: .venv/.installed ## install standing and its tools into .venv/
	@echo "installed: $(BIN)/standing"

# A Python without ensurepip (Debian's, without python3-venv) can still unpack the installer with
# its own pip, if it has one.
.uv/.installed: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "standing needs Python 3.11 or later; this is '$(PYTHON)' ($$($(PYTHON) --version 2>&1))." \
	    "Name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@rm -rf .uv
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then \
	  $(PYTHON) -m venv .uv && \
	  .uv/bin/python -m pip install --quiet --require-hashes --only-binary :all: -r $<; \
	elif $(PYTHON) -m pip --version >/dev/null 2>&1; then \
	  $(PYTHON) -m pip install --quiet --require-hashes --only-binary :all: --target .uv -r $<; \
	else \
	  echo "This Python has neither ensurepip nor pip, so nothing can be installed with it." \
	    "On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
	fi
	@touch $@

.venv/.synced: .uv/.installed requirements/dev.txt
	@test -x $(BIN)/python || $(UV) venv --quiet --no-project --python "$$(command -v $(PYTHON))" .venv
	$(UV) pip sync --quiet --python $(BIN)/python --only-binary :all: --require-hashes requirements/dev.txt
	@touch $@

.venv/.installed: .venv/.synced pyproject.toml requirements/runtime.in requirements/kafka-local.in \
  requirements/build.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps \
	  --build-constraints requirements/build.txt --editable .
	@touch $@

# --- run --------------------------------------------------------------------------------------

.PHONY: run
run: .venv/.installed ## load the shipped history and serve it; prints the address
	@$(BIN)/standing demo

# --- check ------------------------------------------------------------------------------------

.PHONY: check
check: lint unit ## style, types, import rules and unit tests; under a minute

.PHONY: lint
lint: .venv/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: unit
unit: .venv/.installed
	$(BIN)/python -m pytest tests/unit

# The pure core is listed once, in the import contract of that name in pyproject.toml.
define CORE
import tomllib
settings = tomllib.load(open("pyproject.toml", "rb"))["tool"]
core, = (c for c in settings["importlinter"]["contracts"] if c["id"] == "pure-core")
print(",".join(m.replace(".", "/") + end for m in core["source_modules"] for end in (".py", "/*")))
endef
export CORE

.PHONY: test
test: lint ## everything: check, and every test; the pure core must be covered to the last branch
	@$(MAKE) --no-print-directory --jobs=2 test-core test-kafka test-chaos test-browser

# Two at a time, the next after whichever is done first: those of Kafka wait, much of the time, for
# brokers and for processes. So that it can be told whose a line is, each begins with that.
TOLD = 2>&1 | while IFS= read -r line; do printf '%s\n' "$(@:test-%=%): $$line"; done

# To measure coverage takes nearly as long again. The core is covered without Kafka and the chaos.
.PHONY: test-core
test-core: .venv/.installed
	@{ $(BIN)/coverage run -m pytest --ignore tests/bench --ignore tests/kafka --ignore tests/chaos \
	    --ignore tests/browser && \
	  $(BIN)/coverage report --include "$$($(BIN)/python -c "$$CORE")"; } $(TOLD)

.PHONY: test-kafka
test-kafka: .venv/.installed
	@$(BIN)/python -m pytest tests/kafka $(TOLD)

.PHONY: test-chaos
test-chaos: .venv/.installed
	@$(BIN)/python -m pytest tests/chaos $(TOLD)

.PHONY: test-browser
test-browser: .venv/.installed
	@$(BIN)/python -m pytest tests/browser $(TOLD)

.PHONY: chaos
chaos: .venv/.installed ## kill, pause and starve it hundreds of times; the better part of an hour
	STANDING_CHAOS=long $(BIN)/python -m pytest tests/chaos

.PHONY: bench
bench: .venv/.benched .venv/quix/.synced ## measure, beside a library that does likewise; prints the figures
	$(BIN)/python -m pytest tests/bench --capture no --timeout 0

.venv/.benched: .venv/.installed requirements/bench.txt
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/bench.txt
	@touch $@

.venv/quix/.synced: .venv/.synced requirements/bench-quix.txt
	@test -x .venv/quix/bin/python || \
	  $(UV) venv --quiet --no-project --python "$$(command -v $(PYTHON))" .venv/quix
	$(UV) pip sync --quiet --python .venv/quix/bin/python --require-hashes requirements/bench-quix.txt
	@touch $@

# --- keep -------------------------------------------------------------------------------------

# Pins stay where they are while they satisfy the .in files; to move them:
#   make lock LOCK_FLAGS=--upgrade
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(LOCK_FLAGS)

.PHONY: lock
lock: .uv/.installed ## pin what requirements/*.in ask for, with hashes
	$(LOCK) requirements/uv.in -o requirements/uv.txt
	$(LOCK) requirements/build.in -o requirements/build.txt
	$(LOCK) requirements/runtime.in -o requirements/runtime.txt
	$(LOCK) -c requirements/runtime.txt requirements/dev.in -o requirements/dev.txt
	$(LOCK) requirements/bench.in -o requirements/bench.txt
	$(LOCK) requirements/bench-quix.in -o requirements/bench-quix.txt

.PHONY: lock-kafka
lock-kafka: .venv/.installed ## pin the jars of Kafka, with hashes
	$(BIN)/python -m service.broker.lock

.PHONY: clean
clean: ## remove all that make made
	rm -rf .venv .uv build dist *.egg-info .coverage .coverage.* .ci/*.log \
	  .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find $(PACKAGES) tests -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
