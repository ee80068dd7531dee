# Everything a newcomer needs: `make demo`, `make test`, `make check`, `make bench`.
# Nothing is expected but Python 3.11 to 3.13, make and a package index.
PYTHON ?= $(firstword $(foreach v,python3.11 python3.12 python3.13 python3,$(if $(shell command -v $(v) 2>/dev/null),$(v))))
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
WORKERS ?= 2
PART ?= all
# 2,500 requests to each route of the API; `make faults LONG=tests/faults` is a part of it.
FUZZ ?= 2500
LONG ?= tests/faults tests/concurrency tests/properties tests/pay tests/api
export UV_PYTHON_DOWNLOADS := never

.PHONY: install demo demo-reset test check bench faults guards assets lock format pictures clean

install: $(VENV)/.installed

demo: $(VENV)/.installed
	@$(BIN)/hutong demo

demo-reset: $(VENV)/.installed
	@$(BIN)/hutong demo --reset

test: $(VENV)/.dev
	@command -v chromium >/dev/null || echo "No chromium here: browser tests will be skipped (Debian: apt-get install chromium)."
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup -m "not long"

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --config .importlinter.toml
	$(BIN)/mypy hutong tests bench tools
	$(BIN)/djlint hutong/templates --lint --quiet
	$(BIN)/python tools/assets.py check

bench: $(VENV)/.dev
	$(BIN)/python -m bench $(PART)

faults: $(VENV)/.dev
	HUTONG_FUZZ_CASES=$(FUZZ) $(BIN)/pytest -n 0 -m "slow or long or figure" $(LONG)

# Each guard of pay/ taken away in turn: the database's, then those in code (APP=ledger: of one app alone).
guards: $(VENV)/.dev
	$(BIN)/pytest -n 0 tests/pay/test_guards.py
	$(BIN)/python -m tools.code_guards $(APP)

pictures: $(VENV)/.dev
	$(BIN)/python -m tools.pictures

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

assets: $(VENV)/.dev
	$(BIN)/python tools/assets.py

# Locks with hashes and without the address of any index.
lock: $(VENV)/.uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements/base.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml -o requirements/dev.txt

clean:
	rm -rf $(VENV) node_modules hutong/static/dist

$(VENV)/.uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(VENV)/.installed: $(VENV)/.uv requirements/base.txt $(VENV)/.assets-inputs
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/base.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --reinstall-package hutong -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed requirements/dev.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

# A stamp that is newer than the install whenever something the assets are made of has changed.
INPUTS := pyproject.toml hatch_build.py package.json package-lock.json $(wildcard frontend/*) $(shell find hutong/templates hutong/locale -name '*.html' -o -name '*.po' 2>/dev/null)
$(VENV)/.assets-inputs: $(VENV)/.uv $(INPUTS)
	@touch $@
