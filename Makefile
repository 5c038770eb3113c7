# Nota. `make` alone lists what there is to do.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first Python that is new enough; PYTHON=... chooses another.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
PY := $(VENV)/bin/python
# What only reads the settings needs no server and no secret.
OFFLINE := DEBUG=1 DATABASE_URL=postgres://nobody@localhost/unused REDIS_URL=redis://localhost/0
# Processes of the tests, and further arguments for pytest.
TEST_PROCESSES ?= 2
ARGS ?=

.PHONY: help
help: ## this list
	@echo "Nota: from None_of_the_Above to a new class."
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

# A stamp is written only after its step has ended well: what was interrupted is done again.
$(VENV)/made:
	@test -n "$(PYTHON)" || { echo "Nota needs Python 3.11 or newer, and none was found. Install it, or run make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Nota needs Python 3.11 or newer; $(PYTHON) is older or cannot run." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "$(PYTHON) has no venv module. Install it (Debian: apt-get install python3-venv)." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

.PHONY: venv
venv: $(VENV)/made ## make .venv

$(VENV)/installed: requirements.txt $(VENV)/made
	@echo "Installing what Nota needs (a few minutes the first time)."
	$(PY) scripts/interruptible.py $(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@echo "Installing what the tests need."
	$(PY) scripts/interruptible.py $(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

.PHONY: install
install: $(VENV)/installed ## install the pinned requirements

# The variables go through the environment, so that a folder's name may hold any character.
export DATA HOLD_OUT REVIEW PORT SEED
.PHONY: demo
demo: $(VENV)/installed ## the whole loop with the site up; DATA=folder HOLD_OUT=label REVIEW=me PORT= SEED=
	@exec $(PY) -m demo $${DATA:+--data "$$DATA"} $${HOLD_OUT:+--hold-out "$$HOLD_OUT"} \
		$${REVIEW:+--review "$$REVIEW"} $${PORT:+--port "$$PORT"} $${SEED:+--seed "$$SEED"}

.PHONY: demo-reset
demo-reset: ## stop the demo and delete its state (the simulated set is kept)
	@if test -e $(VENV)/installed; then exec $(PY) -m demo.reset; else echo "Nothing to reset."; fi

.PHONY: servers
servers: $(VENV)/installed ## the embedded Postgres and Valkey alone, until Ctrl-C
	@exec $(PY) -m labeling.embedded

.PHONY: lint
lint: $(VENV)/installed-dev ## ruff, mypy and the import contracts
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(OFFLINE) $(PY) -m mypy
	$(VENV)/bin/lint-imports --no-cache

.PHONY: test
test: $(VENV)/installed-dev lint ## everything: lint, then all the tests on embedded servers
	@CHROMIUM=$$($(PY) -m scripts.chromium) && export CHROMIUM && \
		exec $(PY) -m pytest -n $(TEST_PROCESSES) $(ARGS)

.PHONY: screenshots
screenshots: $(VENV)/installed-dev ## the pictures of the README, from a running demo
	@CHROMIUM=$$($(PY) -m scripts.chromium) && export CHROMIUM && exec $(PY) -m scripts.screenshots

export METADATA RECIPES SET
.PHONY: reproduce
reproduce: $(VENV)/installed ## the papers' recipes on the published set; DATA=folder METADATA=csv RECIPES= SET=
	@test -n "$${DATA}" || { echo "make reproduce needs DATA=, the folder or HDF5 file of Gravity Spy's training set (see docs/pipelines.md)." >&2; exit 1; }
	@exec $(PY) -m scripts.reproduce "$$DATA" $${METADATA:+--metadata "$$METADATA"} $${RECIPES:+--recipes $$RECIPES} $${SET:+--set "$$SET"}

.PHONY: bench
bench: $(VENV)/installed ## which benchmarks there are
	@exec $(PY) -m bench
