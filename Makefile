# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Everything that developers and CI run. 'make' alone explains.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
export PYTHON
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# Settings of the caller's that would change what is tested, or make it slow.
unexport $(filter-out ANSIBLE_HOME,$(filter ANSIBLE_%,$(.VARIABLES)))
unexport PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONPATH VIRTUAL_ENV
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/collections
# In place of ~/.ansible.cfg, whatever that holds.
export ANSIBLE_CONFIG := $(CURDIR)/tests/ansible.cfg

.PHONY: help
help: ## Explain the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

.PHONY: env
env: ## Make .venv (PYTHON=python3.12 chooses the interpreter)
	@tests/tools/env.sh dev

# In parallel, and to the end: a failure of one hides no failure of another.
PARALLEL := $(MAKE) --jobs --keep-going lint docs sanity
# A file's tests share servers, a browser and runs of playbooks. The slow files come first.
PYTEST := pytest -n auto --dist loadfile --no-loadscope-reorder
# 'auto': one more than there are processors, since tests wait for the programs that they start.
export PYTEST_XDIST_AUTO_NUM_WORKERS := $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )))
COVERAGE := --cov --cov-report=term --cov-report=html:build/coverage

.PHONY: test
test: tools ## Run what every change must pass, as CI does
	@$(PARALLEL) test-suite SANITY=--quick

.PHONY: test-all
test-all: tools-all ## Run 'test', the slow tests, those of the benchmark, and more examples of each property
	@$(PARALLEL) test-suite-all

.PHONY: test-unit
test-unit: env ## Run tests/unit alone, within a minute
	$(PYTEST) tests/unit

.PHONY: test-suite
test-suite: tools
	$(PYTEST) -m "not slow" $(COVERAGE)

.PHONY: test-suite-all
test-suite-all: tools-all
	$(PYTEST) --hypothesis-profile long $(COVERAGE)

DOCS_LINT := antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs all --check-extra-docs-refs .

# .pre-commit-config.yaml runs each of these alone.
.PHONY: lint
lint: lint-ansible lint-python lint-types lint-style lint-docs lint-changelog lint-github ## Lint code, documentation and settings

.PHONY: lint-ansible
lint-ansible: env
	ansible-lint

.PHONY: lint-python
lint-python: env
	ruff check
	ruff format --check

.PHONY: lint-types
lint-types: env
	mypy

.PHONY: lint-style
lint-style: env
	python -m tests.tools.style

# antsibull-docs fails where the random name of its temporary folder ends with an underscore, so it has a second try.
.PHONY: lint-docs
lint-docs: env
	$(DOCS_LINT) || $(DOCS_LINT)

.PHONY: lint-changelog
lint-changelog: env
	antsibull-changelog lint

.PHONY: lint-github
lint-github: env
	check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/*_*.yml
	check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	check-jsonschema --builtin-schema vendor.gitlab-ci .gitlab-ci.yml
	pre-commit validate-config
	zizmor --offline --quiet --strict-collection .

.PHONY: format
format: env ## Format the Python files, and fix what ruff can fix by itself
	ruff check --fix-only
	ruff format

.PHONY: docs
docs: env ## Build the documentation site into build/docs, and check its links
	python -m tests.tools.architecture
	python -m tests.tools.starter_policy
	python -m tests.tools.docs

.PHONY: sanity
sanity: env ## Run ansible-test's sanity tests (SANITY=--quick leaves out what 'make lint' finds nearly all of)
	python -m tests.tools.sanity $(SANITY)

.PHONY: tools
tools: env ## Install the external programs that check what the collection writes
	@tests/tools/external_tools.sh

.PHONY: tools-all
tools-all: env ## Install these, and Event-Driven Ansible for the slow tests
	@tests/tools/external_tools.sh --all

.PHONY: matrix
matrix: tools ## Run sanity and all tests on each supported ansible-core (CORES="2.16 2.21")
	python -m tests.tools.matrix $(CORES)

.PHONY: demo
demo: ## Show the collection at work on an embedded SD Elements API (LIVE=1 for a real one)
	@tests/tools/env.sh demo
	@exec python -m tests.demo

.PHONY: bench
bench: ## Compare the collection with the idioms that people use today (BENCH=quick, PUBLISH=1, BEFORE=checkout, NEWEST=1)
	@tests/tools/env.sh bench
	@pytest -n auto tests/benchmark
	@python -m tests.benchmark
	@python -m tests.benchmark.audit
	@exec python -m tests.benchmark.audit_play

.PHONY: build
build: env ## Build the collection's artifact into build/
	ansible-galaxy collection build --force --output-path build

.PHONY: importer
importer: env ## Run Galaxy's own importer on the artifact: no error, no warning
	python -m tests.tools.release importer

.PHONY: release-check
release-check: env ## Check version, changelog, importer, and the artifact in an empty home (TAG=1.0.0)
	python -m tests.tools.release check

.PHONY: changelog
changelog: env ## Turn changelogs/fragments into CHANGELOG.md, for the version in galaxy.yml
	antsibull-changelog release --update-existing

.PHONY: lock
lock: env ## Pin the newest versions of all development packages
	tests/tools/lock.sh

.PHONY: clean
clean: ## Remove all that the other targets made
	rm -rf .ansible .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .venv .venv.lock build collections htmlcov tests/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
