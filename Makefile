# The front door: `make help`. Needs python3 (3.11 or newer, with venv) and make; all else it
# installs into .venv.

PYTHON ?= $(firstword $(foreach candidate,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(candidate) -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 11); print("$(candidate)")' 2>/dev/null)) python3)
BIN := .venv/bin
DATA ?= build/data

.DEFAULT_GOAL := help
.PHONY: help demo test lint format serve plugin bench lock clean runtime dev

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: runtime plugin ## the whole walkthrough, from nothing, in under two minutes
	@$(BIN)/python -m rowhouse demo

test: lint ## lint, then the whole suite, on every PostgreSQL there is
	@$(BIN)/python tests/suite.py

lint: dev ## ruff, mypy --strict, the layers
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo > build/lint-imports.log || { cat build/lint-imports.log; exit 1; }

format: dev ## put the code in its form
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

serve: runtime ## the server on http://127.0.0.1:8080, with a PostgreSQL of its own in build/data
	@$(BIN)/rowhouse serve --embedded $(DATA)

plugin: runtime ## the CNI plugin as a self-contained folder, build/plugin

bench: dev ## every number of docs/performance.md

lock: ## resolve all dependencies anew into constraints.txt
	@$(PYTHON) .ci/environment.py lock

clean: ## remove .venv, build and all caches
	rm -rf .venv .venv.lock build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

runtime dev:
	@$(PYTHON) .ci/environment.py $@
