# Every target does its own set-up: a bare machine needs Python 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What runs chargewright, and what tests it on top.
RUNS := $(VENV)/.runs
READY := $(VENV)/.ready
# Who is measured beside us.
PEERS := flexmeasures pyomo linopy cvxpy

# Real data for benchmarks and some tests, found beside the checkout when it is there.
SHARED_DATA := $(abspath ../shared/data)
ifneq ($(wildcard $(SHARED_DATA)/README.md),)
export CHARGEWRIGHT_DATA ?= $(SHARED_DATA)
endif

.PHONY: setup demo test check bench bench-profiles bench-acn bench-smoke bench-peers fuzz fuzz-api fuzz-smoke crash soak soak-smoke kill day event \
  notebooks serve schema client clean

setup: $(READY)

$(RUNS): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $(RUNS)

$(READY): $(RUNS)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(READY)

demo: $(RUNS)  ## one story: a garage uncontrolled, planned, and planned without knowing the drivers
	$(BIN)/chargewright demo

test: $(READY)  ## the fast suite, on all cores; then what has a bound in seconds, by itself
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not clock'
	$(BIN)/python -m pytest -m clock

check: $(READY)  ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## published figures (B1), speed beside HiGHS alone (B3), the service under load; B1 needs CHARGEWRIGHT_DATA
	$(BIN)/python -m tests.benchmarks

bench-profiles: $(READY)  ## 10,000 random plans as charging profiles, and what stations make of them
	$(BIN)/python -m tests.benchmarks --only profiles

bench-acn: $(READY)  ## B1 online beside published figures and simple rules, other months; needs CHARGEWRIGHT_DATA, resumable
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks.acn

bench-smoke: $(READY)
	$(BIN)/python -m tests.benchmarks --smoke

bench-peers: $(READY) $(PEERS:%=.venv-peers/%/.ready)  ## others on the scenario of B3, each in its own environment
	$(BIN)/python -m tests.benchmarks --only peers

.venv-peers/%/.ready: tests/benchmarks/peers/%.txt
	$(PYTHON) -m venv --clear .venv-peers/$*
	.venv-peers/$*/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

fuzz: $(READY)  ## 5,000 random sites through optimize and audit; 10,000 histories of signals; 1,200 baselines; the reasons of 200 plans
	CHARGEWRIGHT_EXAMPLES=5000 $(BIN)/python -m pytest tests/optimizer/test_properties.py
	CHARGEWRIGHT_EXAMPLES=10000 $(BIN)/python -m pytest tests/models/test_timeline.py
	CHARGEWRIGHT_BASELINES=300 $(BIN)/python -m pytest tests/optimizer/test_baselines_oracle.py
	CHARGEWRIGHT_REASONS=200 $(BIN)/python -m pytest tests/optimizer/test_setpoint_reasons.py
	$(MAKE) fuzz-api

fuzz-api: $(READY)  ## 100,000 requests drawn from the schema, or broken: none is answered with 500 or more
	CHARGEWRIGHT_FUZZ=100000 $(BIN)/python -m pytest tests/api/test_fuzz.py tests/api/test_page_fuzz.py

fuzz-smoke: $(READY)  ## 10,000 of them
	CHARGEWRIGHT_FUZZ=10000 $(BIN)/python -m pytest tests/api/test_fuzz.py tests/api/test_page_fuzz.py

crash: $(READY)  ## 1,000 kills at named points on SQLite, 200 on PostgreSQL at DATABASE_URL; one replica frozen and thawed
	$(BIN)/python -m tests.crash

soak: $(READY)  ## 100,000 random sites through optimizer and audit, 20,000 more with odd numbers; half an hour and more
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.soak --scenarios 100000 --hostile 20000

soak-smoke: $(READY)  ## 2,000 of them
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.soak --scenarios 2000 --hostile 200

kill: $(READY)  ## our side dies at 1,000 moments of a day with twenty charge points: limits hold; half an hour
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.peers kill

day: $(READY)  ## a day over websockets with twenty charge points and every defect; stations swap defects at 60 seeds
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.peers day
	CHARGEWRIGHT_PEERS=1 $(BIN)/python -m pytest tests/peers/test_commissioning.py

event: $(READY)  ## a utility's event over HTTP by OpenADR 3, OpenADR 2.0b and OSCP with fifty cars; twenty minutes
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.peers event

notebooks: $(READY)  ## runs every notebook from a clean kernel
	CHARGEWRIGHT_NOTEBOOKS=all $(BIN)/python -m pytest tests/notebooks

serve: $(RUNS)  ## the API and the pages on 127.0.0.1:8080, for everybody on this machine; a sample site where there is none
	$(BIN)/chargewright serve --insecure

schema: $(READY)  ## writes models/domain/scenario.schema.json anew
	$(BIN)/python -m models.domain.wire > models/domain/scenario.schema.json

client: $(READY)  ## builds chargewright-client, the client for a CSMS, into dist/
	cd api/client && $(abspath $(BIN))/python -m hatchling build -t wheel -d $(abspath dist)

clean:
	rm -rf $(VENV) .venv-peers build dist *.egg-info
