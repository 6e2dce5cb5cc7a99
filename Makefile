# Everything a developer types. Needs GNU make and Python 3.10 to 3.13, and brings the rest itself.
# `make PYTHON=python3.12 test` picks an interpreter; `make clean` before picking another one.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONSTRAINTS := deploy/constraints.txt

# uv installs into our environment, with its Python, whatever else is active or installed.
export UV_PYTHON := $(CURDIR)/$(BIN)/python
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check bench bench-agent bench-stats chaos proto build lock clean

help:  ## Print these lines
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | \
	    awk -F'|' '{ printf "make %-11s %s\n", $$1, $$2 }'

demo: $(VENV)/ready  ## Run a hub and three agents on census data (KEEP=1: leave them running)
	@$(BIN)/python deploy/demo/run.py $(if $(filter 1,$(KEEP)),--keep)

test: $(VENV)/ready  ## Run every test and doctest (ARGS="tests/wire -k merge" narrows)
	@$(BIN)/pytest --durations=10 $(ARGS)

check: $(VENV)/ready  ## Format, lint, types, import contracts, generated code, sizes
	@$(BIN)/python tests/check.py

bench: $(VENV)/ready  ## Measure speed and size beside other libraries, into build/bench.json
	@$(BIN)/python tests/bench/run.py

bench-agent: $(VENV)/ready  ## Measure log() under load, a month offline and growth, into build/agent.json
	@$(BIN)/python tests/bench/agent.py $(ARGS)

bench-stats: $(VENV)/ready  ## Measure alarms, delays and errors beside other libraries, into build/stats.json
	@$(BIN)/python tests/bench/stats/run.py $(ARGS)

chaos: $(VENV)/ready  ## Kill, cut, fill and damage agents and hubs, and compare the sums (ARGS="--seconds 600")
	@$(BIN)/python tests/chaos/run.py $(ARGS)

proto: $(VENV)/ready  ## Generate code from the .proto files
	@$(BIN)/python proto/generate.py

build: $(VENV)/ready  ## Build the wheel and the source archive into dist/
	@$(BIN)/uv build --quiet --no-build-isolation --out-dir dist && ls -l dist

lock: $(VENV)/ready  ## Choose the newest versions that pyproject.toml allows, for all Pythons
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 --all-extras \
	    --no-annotate --custom-compile-command "make lock" \
	    pyproject.toml --output-file $(CONSTRAINTS) && git diff --stat -- $(CONSTRAINTS)

clean:  ## Remove all that make made, the environment too
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find proto agent hub deploy tests -name __pycache__ -prune -exec rm -rf {} +

# The environment. It is complete when `ready` is newer than the two files that say what is in it.
$(VENV)/ready: pyproject.toml $(CONSTRAINTS) | $(BIN)/uv
	@echo "installing whitebox-edge and its tools into $(VENV)"
	@$(BIN)/uv pip install --quiet --constraint $(CONSTRAINTS) --editable '.[dev]'
	@touch $@

$(BIN)/uv: | $(BIN)/pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS) uv

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || { \
	    echo "$(PYTHON) is not Python 3.10 to 3.13: type  make PYTHON=python3.12 $(MAKECMDGOALS)"; \
	    exit 1; } >&2
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(INSTALL_VENV)
	@$(PYTHON) -m venv --clear $(VENV)

# Debian and Ubuntu keep venv and ensurepip in a package of their own.
define INSTALL_VENV
{ \
    package=$$($(PYTHON) -c 'import sys; print("python3.%d-venv" % sys.version_info[1])'); \
    root=$$([ "$$(id -u)" = 0 ] || echo "sudo -n "); \
    install="$${root}apt-get install -y --no-install-recommends $$package"; \
    echo "$(PYTHON) cannot make environments: trying  $$install"; \
    { $${root}apt-get update && $$install; } >/dev/null || { \
        echo "that failed: type  sudo apt-get install $$package  and make again"; \
        exit 1; }; \
} >&2
endef
