# The one door for habits. Every goal first sets up what it needs: system packages, a virtual environment in .venv, the
# native parts. What is done leaves a stamp under build/ and is not done again before one of its sources changes.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL: # cargo, and not make, spreads the work over the cores

export PATH := $(HOME)/.cargo/bin:$(PATH)
export VIRTUAL_ENV := $(CURDIR)/.venv
export PYO3_PYTHON := $(VIRTUAL_ENV)/bin/python

VENV := .venv/bin
STAMPS := build/stamps
NATIVE_SOURCES := Cargo.toml Cargo.lock pyproject.toml $(wildcard build_backend/*.py) \
	$(shell find crates -type f ! -path '*/tests/*')

.PHONY: help setup demo test test-hosts lint format bench bench-hosts fuzz soak docs pictures wheel clean packages packages-test packages-bench packages-hosts rust

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: $(STAMPS)/native ## everything that `import auroraview` from .venv needs

demo: setup ## the asset browser; without a display it is driven and leaves build/demo.png
	@if scripts/with_display --check; then \
		$(VENV)/python examples/asset_browser/main.py; \
	else \
		scripts/with_display $(VENV)/python examples/asset_browser/main.py --drive --screenshot build/demo.png; \
	fi

test: setup $(STAMPS)/node_modules ## all tests, and the linters whose versions are pinned; SUITE=name for one of them
	@scripts/with_display $(VENV)/python scripts/run_suites.py $(or $(SUITE),test)

test-hosts: setup packages-hosts $(STAMPS)/hosts ## tests inside Blender, FreeCAD, Krita and programs of Qt, which it installs
	@scripts/with_display $(VENV)/python scripts/run_suites.py hosts

lint: setup $(STAMPS)/node_modules ## all linters, those of Rust too
	@$(VENV)/python scripts/run_suites.py lint

format: $(STAMPS)/venv $(STAMPS)/node_modules ## let the formatters have their way
	@cargo fmt --all
	@$(VENV)/ruff check --fix .
	@$(VENV)/ruff format .
	@cd js_sdk && npm run format

bench: setup packages-test packages-bench wheel $(STAMPS)/bench ## the measurements, side by side with others; build/bench.json; ONLY=peers, bridge, lane, isolated or server for one part
	@cargo build --release --locked --package auroraview-host --example floor
	@cargo build --release --locked --package auroraview-server --example load
	@$(VENV)/python -m benches.peers.environments
	@scripts/with_display $(VENV)/python -m benches $(if $(ONLY),--only $(ONLY))

bench-hosts: setup packages-hosts $(STAMPS)/bench-hosts ## panels inside Blender, FreeCAD and PySide6, which it installs; into build/bench.json
	@scripts/with_display $(VENV)/python -m benches --only hosts

fuzz: ## a minute of TARGET=codec, session, resume, plain, connection, host or lane, with a nightly compiler; SECONDS=600 for longer
	@scripts/fuzz $(or $(TARGET),codec) $(or $(SECONDS),60)

soak: setup packages-test ## mixed traffic for MINUTES=5: memory, threads and descriptors must stay flat
	@scripts/with_display $(VENV)/python scripts/soak --minutes $(or $(MINUTES),5)

docs: setup $(STAMPS)/docs $(STAMPS)/node_modules ## the documentation as a site with search and reference, in build/docs
	@build/docs-venv/bin/python scripts/docs/build.py

pictures: setup packages-test ## the pictures of the documentation, taken of the examples anew
	@scripts/with_display $(VENV)/python scripts/pictures

wheel: setup ## the wheel and the source distribution, in dist/
	@PATH="$(VIRTUAL_ENV)/bin:$$PATH" $(VENV)/python -m pip wheel --no-build-isolation --no-deps --wheel-dir dist --verbose .
	@$(VENV)/maturin sdist --out dist

clean: ## remove all that was built, .venv included
	@cargo clean
	@rm -rf build dist .venv .auroraview-artifacts js_sdk/node_modules python/auroraview/_native python/auroraview/_core*.so
	@rm -rf .pytest_cache .mypy_cache .ruff_cache
	@find python tests examples benches scripts build_backend -name __pycache__ -prune -exec rm -rf {} +

# These two only look, in a moment, where nothing is missing; so they are asked every time.
packages:
	@scripts/system_packages build display

packages-test:
	@scripts/system_packages test

packages-bench:
	@scripts/system_packages test bench

packages-hosts:
	@scripts/system_packages test hosts

rust:
	@scripts/require_rust

$(STAMPS)/venv: scripts/requirements-dev.txt | packages
	@test -x $(VENV)/python || "$$(scripts/find_python)" -m venv .venv
	@$(VENV)/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/bench: scripts/requirements-bench.txt $(STAMPS)/venv
	@$(VENV)/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@mkdir -p $(STAMPS) && touch $@

# The bindings and applications that are packages of Python, apart from what the others are tested with.
$(STAMPS)/hosts: scripts/requirements-hosts.txt | packages
	@test -x build/hosts/bin/python || "$$(scripts/find_python)" -m venv build/hosts
	@build/hosts/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@mkdir -p $(STAMPS) && touch $@

# Apart from .venv: a binding of Qt is no business of the other measurements.
$(STAMPS)/bench-hosts: scripts/requirements-bench-hosts.txt | packages
	@test -x build/hosts-bench/bin/python || "$$(scripts/find_python)" -m venv build/hosts-bench
	@build/hosts-bench/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@mkdir -p $(STAMPS) && touch $@

# Apart from .venv: what makes the site is no business of the tests.
$(STAMPS)/docs: scripts/requirements-docs.txt scripts/docs/package.json scripts/docs/package-lock.json $(STAMPS)/venv | packages-test
	@test -x build/docs-venv/bin/python || "$$(scripts/find_python)" -m venv build/docs-venv
	@build/docs-venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@mkdir -p build/docs-node && cp scripts/docs/package.json scripts/docs/package-lock.json build/docs-node/
	@cd build/docs-node && npm ci --no-audit --no-fund --silent
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/native: $(NATIVE_SOURCES) $(STAMPS)/venv | packages rust
	@$(VENV)/python build_backend/auroraview_build.py
	@$(VENV)/maturin develop --release
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/node_modules: js_sdk/package.json js_sdk/package-lock.json | packages-test
	@cd js_sdk && npm ci --no-audit --no-fund
	@mkdir -p $(STAMPS) && touch $@
