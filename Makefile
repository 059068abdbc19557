# noren in two commands: `make run` and `make test`. Both set up everything they need the first time.
.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
PORT ?= 8000
export PORT
# Compiled code starts in half the time.
unexport PYTHONDONTWRITEBYTECODE

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .setup-run ## serve noren with the demo firm on PORT (default 8000)
	@$(BIN)/noren serve --demo

setup: .setup-run ## set up what noren needs, without starting it

test: .setup-test .setup-browser ## run all tests, browser journeys last; PG=18 on the built-in server's newest version
	@NOREN_TEST_PG=$(PG) $(BIN)/python -m pytest -n 2 --dist worksteal -m "not journey" $(ARGS)
	@NOREN_TEST_PG=$(PG) $(BIN)/python -m pytest -m journey $(ARGS) || [ $$? -eq 5 ]

test-database: .setup-test ## run the tests that could differ between PostgreSQL versions, on the built-in server
	@NOREN_TEST_PG=wheel $(BIN)/python -m pytest -n 2 -m "database and not journey" $(ARGS)

test-long: ## run all tests with every cell and round of those that usually try a part
	@FULL_MATRIX=1 $(MAKE) test

check: .setup-test ## style, types, import contracts, settings: in half a minute
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q . || { echo "Run: make format"; exit 1; }
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/mypy

format: .setup-test ## put the code into the one style
	@$(BIN)/ruff check -q --fix . || true
	@$(BIN)/ruff format -q .

map: .setup-run ## write docs/map.md and docs/openapi.json from what the code declares
	@$(BIN)/noren map --out docs/map.md
	@$(BIN)/noren openapi --out docs/openapi.json

bench: .setup-test ## measure speed and memory; SIZE=1m for a million people
	@$(BIN)/python -m tests.bench $(or $(SIZE),100k)

trials: .setup-test ## kill processes under load and count what was lost (minutes)
	@$(BIN)/python -m pytest tests/trials -p no:randomly $(ARGS)

requirements: .setup-test ## pin requirements/*.in anew, with hashes
	@[ -x $(BIN)/uv ] || $(BIN)/python -m pip install -q uv
	@for kind in run test; do $(BIN)/uv pip compile -q --upgrade requirements/$$kind.in --generate-hashes \
	  --no-emit-index-url --universal --python-version 3.11 -o requirements/$$kind.txt; done

.setup-run .setup-test .setup-browser:
	@sh scripts/setup.sh $(subst .setup-,,$@)

.PHONY: help run setup test test-database test-long check format map bench trials requirements .setup-run .setup-test .setup-browser
