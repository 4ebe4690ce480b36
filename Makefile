# Everything runs in .venv, which scripts/env.py makes and keeps up to date. Paths are relative
# throughout, so the project may lie in a folder whose name has blanks.

PYTHON ?= python3
BIN := .venv/bin
# `make demo DBT=2` takes dbt 2.
DBT ?= 1
BIN_2 := .venv-dbt2/bin
DEMO_BIN := $(if $(filter 2,$(DBT)),$(BIN_2),$(BIN))

# Each test process has servers of its own. While one waits for a server, a kill or a lock, two compute.
PYTEST_ARGS ?= -n 3

export DBT_PROFILES_DIR := .demo
export FEATURE_WAREHOUSE_DUCKDB_PATH ?= .demo/feature_warehouse.duckdb

.DEFAULT_GOAL := help
.PHONY: help demo demo-postgres example test coverage test-recipes test-spark test-long bench docs lock clean
.PHONY: lint types dbt-parse style layers sql-style

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: ## Build features and a training set, publish and serve them, on DuckDB; DBT=2 with dbt 2
	@$(PYTHON) scripts/env.py demo
	@$(if $(filter 2,$(DBT)),$(BIN)/python scripts/dbt2_env.py)
	@$(DEMO_BIN)/python scripts/demo.py duckdb

demo-postgres: ## The same on PostgreSQL
	@$(PYTHON) scripts/env.py demo
	@$(BIN)/python scripts/demo.py postgres

example: ## Train a model on the demo, with and without a leak, and score a flight from Redis
	@$(PYTHON) scripts/env.py test
	@$(BIN)/python scripts/demo.py duckdb
	@DBT_PROFILES_DIR=.demo/duckdb DBT_TARGET_PATH=.demo/duckdb/target \
		FEATURE_WAREHOUSE_DUCKDB_PATH=.demo/duckdb/warehouse.duckdb \
		$(BIN)/python examples/flight_delay.py

test: lint ## Check everything, run all tests but the long ones
	@echo '--- pytest'
	@$(BIN)/python -m pytest $(PYTEST_ARGS)
	@echo '--- pytest with dbt 2'
	@if $(BIN)/python scripts/dbt2_env.py; then $(PYTEST_2) $(PYTEST_ARGS) $(SLICE_OF_DBT_2); fi

coverage: ## The same tests, with the lines of ours that they run; half as long again
	@$(PYTHON) scripts/env.py test
	@$(BIN)/python -m pytest $(PYTEST_ARGS) --cov

# What dbt 2 is tried on: the dbt package, and what calls dbt. PostgreSQL is an experiment of dbt 2's.
TESTS_OF_DBT_2 := $(addprefix tests/python/,dbt_package catalog checks cli dbt_project declarations growth \
	on_demand point_in_time windows training_sets watching relations publishing/test_publish_repairs.py \
	built_demo/test_both_dbts.py versions planning/test_plan_of_dbt.py engines/test_clouds.py)
SLICE_OF_DBT_2 := $(addprefix tests/python/,dbt_package catalog windows/test_declared.py engines/test_clouds.py)
PYTEST_2 := $(BIN_2)/python -m pytest -q -m 'not long and not dbt_1' -k 'not postgres'

test-dbt2: ## The tests of the dbt package and of what calls dbt, with dbt 2
	@$(PYTHON) scripts/env.py test
	@$(BIN)/python scripts/dbt2_env.py
	@$(PYTEST_2) $(TESTS_OF_DBT_2)

test-recipes: .venv-recipes/ready ## Run recipes/ in Airflow, Dagster and a shell, check them by schemas
	@$(PYTHON) scripts/env.py test
	@$(BIN)/python -m pytest -m long tests/python/recipes

test-spark: .venv-spark/ready ## The rules on Spark, in .venv-spark; needs Java 17
	@java -version > /dev/null 2>&1 || { echo 'Java 17 is needed: apt-get install openjdk-17-jre-headless' >&2; exit 1; }
	@.venv-spark/bin/python -m pytest tests/python/spark $(SPARK_ARGS)

test-long: .venv-recipes/ready ## The same rules on many more random cases, mutated macros, a year of weeks (hours)
	@$(PYTHON) scripts/env.py test
	@$(BIN)/python -m pytest -m long $(PYTEST_ARGS)

bench: .venv-bench/ready ## Time and memory of the joins beside other tools, see benchmarks/
	@PYTHONPATH=scripts .venv-bench/bin/python -m benchmarks $(BENCH_ARGS)

# Apart from .venv, because Feast needs an older pandas than the tests.
.venv-bench/ready: requirements/bench.txt pyproject.toml
	@echo 'making .venv-bench, which can take some minutes'
	@rm -rf .venv-bench
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -I -m pip -qq --no-input install --requirement $<
	@.venv-bench/bin/python -I -m pip -qq --no-input install --no-deps --no-build-isolation \
		--editable .
	@touch $@

# Apart from .venv, for `make test` needs neither Java nor PySpark, which is large.
.venv-spark/ready: requirements/spark.txt pyproject.toml
	@echo 'making .venv-spark, which can take some minutes'
	@rm -rf .venv-spark
	@$(PYTHON) -m venv .venv-spark
	@.venv-spark/bin/python -I -m pip -qq --no-input install --requirement $<
	@.venv-spark/bin/python -I -m pip -qq --no-input install --no-deps --no-build-isolation \
		--editable .
	@touch $@

docs: .venv-docs/ready ## Build the documentation as a site, in site/
	@PYTHONPATH=python NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict

# Apart from .venv: the documentation is built in seconds where nothing else is installed, and recipes
# call dbt and feature-warehouse in .venv by path, as in production.
.venv-docs/ready .venv-recipes/ready: .venv-%/ready: requirements/%.txt
	@echo 'making .venv-$*, which can take some minutes'
	@rm -rf .venv-$*
	@$(PYTHON) -m venv .venv-$*
	@.venv-$*/bin/python -I -m pip -qq --no-input install --requirement $<
	@touch $@

lint: .demo/profiles.yml ## Check style, types and layers, and that dbt parses without a warning
	@$(PYTHON) scripts/env.py test
	@$(MAKE) --no-print-directory --jobs 2 --output-sync types dbt-parse style layers sql-style

# The longest first, for two at a time.
types:
	@echo '--- mypy'
	@$(BIN)/mypy

dbt-parse:
	@echo '--- dbt parse'
	@$(BIN)/dbt --quiet --warn-error parse --no-partial-parse

style:
	@echo '--- ruff check'
	@$(BIN)/ruff check
	@echo '--- ruff format'
	@$(BIN)/ruff format --check

layers:
	@echo '--- import-linter'
	@$(BIN)/lint-imports --no-logo --no-cache

sql-style:
	@echo '--- sqlfluff'
	@$(BIN)/sqlfluff lint --disable-progress-bar $(wildcard models tests/singular)

lock: ## Pin the requirements anew; LOCK_ARGS=--upgrade takes the newest versions
	@$(PYTHON) scripts/env.py test
	@$(call compile,test) pyproject.toml $(EXTRAS) --extra server
	@$(call compile,demo) pyproject.toml $(EXTRAS) --constraint requirements/test.txt
	@$(call compile,docs) pyproject.toml --constraint requirements/test.txt
	@$(call compile,bench) pyproject.toml $(EXTRAS) --extra server
	@$(call compile,recipes)
	@$(call compile,spark) pyproject.toml $(EXTRAS) --extra server --constraint requirements/test.txt

EXTRAS := --extra duckdb --extra postgres --extra embedded --extra validation

# The tests come first and the others are held to their versions: one .venv serves demo and tests.
compile = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 $(LOCK_ARGS) \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
	--annotation-style line --output-file requirements/$(1).txt requirements/$(1).in

clean: ## Remove everything that make and dbt have made
	rm -rf .venv .venv.lock .demo target logs dbt_packages build dist htmlcov .coverage .coverage.*
	rm -rf .venv-dbt2 .venv-recipes .venv-spark dbt_internal_packages .venv-bench .bench .venv-docs site .mypy_cache .pytest_cache .ruff_cache .hypothesis .user.yml
	find python scripts tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

.demo/profiles.yml: profiles.example.yml
	@mkdir -p .demo
	@cp profiles.example.yml .demo/profiles.yml
