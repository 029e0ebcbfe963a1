.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

help:  ## list what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 17

install: $(STAMP)  ## make the environment in .venv (quick when nothing changed)

$(STAMP): requirements/dev.txt pyproject.toml
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

run: install  ## start the server with the sample registry and sample objects; ARGS="…" passes flags on
	$(BIN)/imageyard serve --sample --log-format console $(ARGS)

test: install  ## run all tests, two at a time; ARGS="…" passes arguments to pytest
	$(BIN)/python -m pytest -n 2 $(ARGS)

check: install  ## format, lint, types, layers, security rules
	$(BIN)/ruff format --check src tests bench tools
	$(BIN)/ruff check src tests bench tools
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.findings

security: install  ## security rules over the source, secrets in the tree, the supply chain (no network)
	$(BIN)/ruff check --select S src
	$(BIN)/lint-imports
	$(BIN)/python -m tools.findings
	$(BIN)/python -m pytest tests/tree

vulnerabilities: install  ## known vulnerabilities of the pinned packages (asks a database on the internet)
	$(BIN)/python -m tools.vulnerabilities

sbom: install  ## the bill of materials, CycloneDX, in dist/sbom.cdx.json
	$(BIN)/python -m tools.sbom

fix: install  ## format and mend what the linter can
	$(BIN)/ruff format src tests bench tools
	$(BIN)/ruff check --fix src tests bench tools

FUZZ_SECONDS ?= 300

fuzz: install  ## every reader of hostile input for FUZZ_SECONDS each, then the property tests and schemathesis at length
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)
	HYPOTHESIS_PROFILE=long IMAGEYARD_EXAMPLES=200 $(BIN)/python -m pytest --timeout=3600 -m "not needs" \
		tests/domain tests/registry tests/web tests/keyring tests/egress tests/e2e/test_schemathesis.py $(ARGS)

golden: install  ## write the table of rights anew (tests/rights/golden.txt); read the difference before you commit it
	$(BIN)/python -m tests.rights

soak: install  ## crashes by kill -9, many times over; Kubernetes clients that follow every write for five minutes
	IMAGEYARD_CRASHES=20 IMAGEYARD_KILL_ROUNDS=60 IMAGEYARD_SOAK_SECONDS=300 $(BIN)/python -m pytest --timeout=3600 \
		tests/e2e/test_crash.py tests/e2e/test_clients.py tests/store $(ARGS)

bench: install  ## measure, each figure against a ceiling of the same run; writes bench/out/; ARGS="--long", "--help"
	$(BIN)/python -m bench $(ARGS)

lock: install  ## pin requirements again (needs uv)
	uv pip compile -q --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 requirements/runtime.in -o requirements/runtime.txt
	uv pip compile -q --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 requirements/dev.in -o requirements/dev.txt

.PHONY: help install run test check security vulnerabilities sbom fix fuzz golden soak bench lock
