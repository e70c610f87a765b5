# The front door: `make help`. It needs python3 (3.11 or newer, with venv) and make, and installs
# everything else into .venv. PYTHON=… names another interpreter, PIP_… variables are pip's own.

PYTHON ?= $(or $(firstword $(foreach candidate,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(candidate) -c 'import sys, venv, ensurepip; sys.version_info < (3, 11) or print("$(candidate)")' 2>/dev/null))),python3)
BIN := .venv/bin
DATA ?= build/data
# Where `make serve` and `make demo SERVE=1` listen, if not on 127.0.0.1:8080.
BIND ?=
LISTEN = $(if $(BIND),--bind $(BIND))

# Two processes for each core, as tests wait half of their time; eight at most: each starts a PostgreSQL.
PROCESSES = $(shell $(PYTHON) -c 'import os; print(min(8, 2 * len(os.sched_getaffinity(0))))')
# In CI each run draws the same examples and the same order; `make test` by hand draws new ones.
PYTEST = $(BIN)/python -m pytest --quiet --numprocesses $(PROCESSES) --dist worksteal $(if $(CI),--randomly-seed=1)
# Versions that the wheel does not have, where they are installed (Debian, Red Hat).
INSTALLED_POSTGRESQL := $(wildcard $(foreach version,15 17,/usr/lib/postgresql/$(version)/bin /usr/pgsql-$(version)/bin))

# What speaks SQL runs on each version of PostgreSQL, but not what looks for a fault of ours that would be the same on each
# (the marker one_postgresql): further random examples, properties over random pools, a server that refuses to start, a
# dump that the same version made. That took a quarter of the time of a version.
ON_ANOTHER = -m "database and not slow and not one_postgresql"
# What a version between the oldest and the newest may do otherwise: it plans and prints in its own way.
PLAN_TESTS = $(wildcard tests/history tests/upgrade tests/docs/test_dba.py tests/store/test_*plans.py tests/store/test_revisions.py tests/store/test_schema.py)
# What speaks SQL itself; the rest of the suite meets the database only through it.
SQL_TESTS = $(wildcard tests/store tests/ipam tests/races tests/history tests/upgrade tests/docs/test_dba.py)

# Without bytecode files, each process of the suite would compile its modules again, tests' assertions too.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-databases client test-chart test-faults test-fuzz test-browser test-lowest test-postgresql check release releases lint format serve plugin image image-test cluster-test cluster-dry cluster-clean revision revised baseline freeze docs dba pictures pictures-accept chart bench faults audit lock reference \
	clean runtime dev

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

demo: plugin ## the walkthrough, from nothing to the end, in under two minutes; SERVE=1: pages to look at, BIND=HOST:PORT
	@$(BIN)/rowhouse demo $(if $(SERVE),--serve $(LISTEN))

test: lint plugin ## lint, then the suite, but for what takes long: minutes
	@$(PYTEST) -m "not slow and not releases"

test-slow: dev plugin client ## the tests that take long; in CI
	@$(PYTEST) -m "slow and not releases"

test-databases: dev plugin ## the database tests on every other PostgreSQL at hand, and with unusual settings; in CI
	@echo "» the API on a database with unusual session settings"
	@$(PYTEST) --odd-settings tests/api tests/store/test_session_settings.py
	@echo "» $(if $(INSTALLED_POSTGRESQL),plans and upgrades,the database tests) on PostgreSQL 16"
	@$(PYTEST) $(ON_ANOTHER) --postgres-version 16 $(if $(INSTALLED_POSTGRESQL),$(PLAN_TESTS),$(SQL_TESTS))
	@for bindir in $(INSTALLED_POSTGRESQL); do \
		echo "» the database tests on $$bindir"; \
		$(PYTEST) $(ON_ANOTHER) --postgres-bindir $$bindir $(SQL_TESTS) || exit; \
	done

# The tests of one kind, slow ones too.
test-chart: KIND = tests/chart
test-faults: KIND = tests/faults tests/node/agent tests/serve/test_slow_readers.py
test-fuzz: KIND = tests/fuzz tests/api/test_schemathesis.py tests/api/test_schemathesis_roles.py
test-browser: KIND = tests/web/chromium
test-chart test-faults test-fuzz test-browser: dev plugin
	@$(PYTEST) -m "not releases" $(KIND)

# The database tests on a PostgreSQL that is installed: BINDIR=/usr/lib/postgresql/17/bin
test-postgresql: dev plugin
	@$(PYTEST) $(ON_ANOTHER) --postgres-bindir $(BINDIR) $(SQL_TESTS)

# What meets the most of its dependencies' interfaces.
LOWEST_TESTS = tests/cli tests/api tests/serve tests/store tests/auth
test-lowest: ## the main tests on the lowest versions that pyproject.toml allows; in CI
	@$(PYTHON) .ci/environment.py lowest
	@build/lowest/bin/python -m pytest --quiet --numprocesses $(PROCESSES) --dist worksteal -m "not slow" $(LOWEST_TESTS)

releases: dev plugin ## the chart from every set of values to every other, with the real helm; minutes, in CI
	@$(PYTEST) -m releases tests/chart

lint: dev ## ruff, mypy --strict, the layers
	@echo "» lint"
	@$(BIN)/ruff check --quiet --output-format concise
	@$(BIN)/ruff format --check --quiet || { echo "not in its form: make format"; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@said=$$($(BIN)/lint-imports --no-logo 2>&1) || { echo "$$said"; exit 1; }

format: dev ## put the code into its form
	@$(BIN)/ruff check --quiet --fix --exit-zero
	@$(BIN)/ruff format --quiet

serve: runtime ## the server on http://127.0.0.1:8080 or BIND=HOST:PORT, with its own PostgreSQL in build/data
	@mkdir -p $(dir $(DATA))
	@$(BIN)/rowhouse serve --embedded $(DATA) $(LISTEN)

plugin: build/plugin/rowhouse ## the CNI plugin as a self-contained folder: build/plugin

build/plugin/rowhouse: $(shell find cni_plugin -name '*.py' -o -name '*.c') | runtime
	@$(BIN)/python -m plugin_bundle build/plugin

check: dev ## lint, types, units and the quick database tests: under a minute, for the inner loop
	@$(MAKE) --no-print-directory lint
	@$(PYTEST) -m "not slow and not releases" $(CHECK_TESTS)

CHECK_TESTS = $(filter-out tests/cni/test_fuzz.py,$(wildcard tests/cni/test_*.py)) tests/domain tests/metrics tests/docs/test_links.py tests/docs/test_site.py tests/store/test_pools.py \
	tests/store/test_errors.py tests/store/test_reuse.py tests/test_dependencies.py tests/test_version.py tests/test_workflows.py

release: dev plugin client ## into dist/: wheels, sdists and chart of the version in the source, checked; the image where an engine is
	@$(PYTHON) .ci/version.py
	@rm -rf dist && $(BIN)/python -m build --no-isolation --outdir dist . >build/release.log 2>&1 || { cat build/release.log; exit 1; }
	@$(BIN)/python -m build --no-isolation --outdir dist build/client >build/release.log 2>&1 || { cat build/release.log; exit 1; }
	@PYTHONPATH=tests $(BIN)/python -m fixtures.kubernetes_programs helm package charts/rowhouse --destination dist
	@ROWHOUSE_DIST=dist $(BIN)/python -m pytest --quiet tests/test_wheel.py tests/test_version.py
	@.ci/image || echo "» no image: no container engine here"

image: ## the container image, where docker or podman is
	@.ci/image

image-test: dev ## the Dockerfile's steps without an engine, and the chart's pods in what they make; root, debootstrap
	@$(BIN)/python -m pytest --quiet tests/image/in_a_debootstrap_root.py

# Its variables (docs/how-to/try-in-a-cluster.md) reach it since make exports what its command line names.
PLAYS = -o python_files=play_*.py -o junit_logging=all -o verbosity_assertions=2 -p no:randomly --timeout=3600 --timeout-method=signal -rs

cluster-test: dev ## the chart in a cluster with multus: KUBECONFIG=…, IMAGE=… (docs/how-to/try-in-a-cluster.md)
	@$(BIN)/python -m pytest $(PLAYS) --junitxml=build/cluster-test.xml tests/cluster/plays

cluster-dry: dev plugin ## the cluster suite itself, where there is no cluster: Rowhouse is real, Kubernetes is pretended
	@$(BIN)/python -m pytest --quiet tests/cluster/in_a_dry_cluster.py

cluster-clean: dev ## remove what a killed `make cluster-test` left in a cluster: KUBECONFIG=…
	@PYTHONPATH=tests $(BIN)/python -m cluster

revision: ## the next revision of the database, from what changed in migrations/schema: NAME=…
	@test -n "$(NAME)" || { echo "make revision NAME=pool_colors"; exit 2; }
	@$(PYTHON) migrations/revise.py revision $(NAME)

revised: ## the newest revision again, until it is released, from what changed in migrations/schema
	@$(PYTHON) migrations/revise.py update

baseline: # until the first release: the baseline revision again, from migrations/schema
	@$(PYTHON) migrations/revise.py baseline

freeze: dev ## with a release, VERSION=0.2.0: no revision of it ever changes again; keep a populated database of it
	@test -n "$(VERSION)" || { echo "make freeze VERSION=0.2.0"; exit 2; }
	@$(PYTHON) migrations/revise.py freeze
	@PYTHONPATH=tests $(BIN)/python -m upgrade.populate tests/upgrade/$(VERSION).sql

docs: ## the documentation site: build/docs/html/index.html; a warning is an error
	@$(PYTHON) .ci/environment.py docs
	@rm -rf build/docs
	@build/docs-venv/bin/sphinx-build --fail-on-warning --keep-going --quiet --jobs auto -d build/docs/cache -c docs/site . build/docs/html
	@echo "» build/docs/html/index.html"

dba: dev ## the picture and psql's answers in docs/dba.md, from the catalog
	@UPDATE_DOCS=1 $(BIN)/python -m pytest --quiet tests/docs/test_dba.py

pictures: dev ## the pictures of the pages in README.md and docs, with Chromium
	@PYTHONPATH=tests $(BIN)/python -m web.chromium.pictures

pictures-accept: dev ## what 12 pages look like from now on: the pictures that tests/web/chromium/test_looks.py compares
	@ACCEPT_PICTURES=1 $(BIN)/python -m pytest --quiet -p no:randomly tests/web/chromium/test_looks.py

reference: dev ## the generated parts of docs/reference: every command's help, and the document of the API
	@mkdir -p build
	@$(BIN)/python -m rowhouse.api.openapi > build/openapi.json && mv build/openapi.json docs/reference/
	@UPDATE_DOCS=1 $(BIN)/python -m pytest --quiet tests/cli/test_reference.py

client: ## the Python client, generated from docs/reference/openapi.json: build/client
	@$(PYTHON) .ci/environment.py client
	@build/client-venv/bin/python client/generate.py build/client

chart: dev ## the table of values in charts/rowhouse/README.md
	@$(BIN)/python charts/values_table.py

bench: dev ## every number of docs/performance.md
	@$(BIN)/python -m bench

COLUMN ?= long
faults: dev ## nothing lost, nothing twice: the long run of docs/reliability.md (COLUMN=short: minutes)
	@PYTHONPATH=tests $(BIN)/python -m faults $(COLUMN)

audit: ## look all pinned packages up among published vulnerabilities; status 75: not possible
	@$(PYTHON) .ci/audit.py

lock: ## resolve all dependencies with uv and write requirements/*.txt
	@$(PYTHON) .ci/environment.py lock

clean: ## remove .venv, build and all caches
	rm -rf .venv .venv.lock build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# .venv with the packages that the program needs, or also with those that its tests need.
runtime dev:
	@$(PYTHON) .ci/environment.py $@
