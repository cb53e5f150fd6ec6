# One-word commands. `make help` tells them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto
from_distribution = apt-get update -qq \
	&& DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1) >/dev/null

.DEFAULT_GOAL := help
.PHONY: help install demo test check format ui bench lock clean

help:  ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

install: $(VENV)/installed  ## .venv with the grandlivre command

demo: install  ## sandbox vendors, linked and synced; ends with balanced trial balances
	$(BIN)/grandlivre demo --no-ui

test: $(VENV)/installed-dev  ## every test; brings what it needs from the distribution where it is not there
	@command -v redis-server >/dev/null || ($(call from_distribution,redis-server)) \
		|| { echo "The tests of several machines need redis-server: install it from your distribution." >&2; exit 1; }
	@{ command -v chromium && command -v chromedriver; } >/dev/null \
		|| ($(call from_distribution,chromium chromium-driver)) \
		|| { echo "The test of the UI's pages needs chromium and chromedriver: install them from your distribution" \
			"(Debian: chromium chromium-driver)." >&2; exit 1; }
	@odbcinst -q -d -n SQLite3 >/dev/null 2>&1 || ($(call from_distribution,unixodbc odbcinst libsqliteodbc)) \
		|| { echo "The tests of database views need unixODBC and its SQLite driver: install them from your" \
			"distribution (Debian: unixodbc odbcinst libsqliteodbc)." >&2; exit 1; }
	@command -v isql-fb >/dev/null || ($(call from_distribution,firebird3.0-server)) \
		|| { echo "The tests of Sage BOB's Firebird edition need a Firebird server: install it from your distribution" \
			"(Debian: firebird3.0-server)." >&2; exit 1; }
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

check: $(VENV)/installed-dev  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

format: $(VENV)/installed-dev  ## put the code in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

ui: install  ## the portal and the Dagster UI
	$(BIN)/grandlivre ui

bench: $(VENV)/installed-dev  ## benchmarks against baselines, as ratios
	$(BIN)/python -m pip install -q -r requirements-bench.lock
	$(BIN)/python -m benchmarks

lock: $(VENV)/installed-dev  ## pin dependencies anew
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q --universal --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --no-emit-index-url --no-header --extra dev pyproject.toml \
		-c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile -q --universal --no-emit-index-url --no-header --extra dev --extra bench pyproject.toml \
		-c requirements-dev.lock -o requirements-bench.lock

clean:  ## forget the environment and the state
	rm -rf $(VENV) .grandlivre

$(VENV)/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Grandlivre needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-dev.lock
	touch $@
