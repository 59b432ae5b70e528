# Everything is made in .cache/ of this checkout; nothing outside it is touched.
# Needed: Python 3.11 or newer, and a network to PyPI. A JDK and Maven bring the command line tools and the clients of
# Apache Kafka, Go brings its clients: without them their tests are skipped, and say so (under CI=true they fail).

PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

CACHE := $(CURDIR)/.cache
RUN := $(CACHE)/venv/bin
DEMO := $(CACHE)/demo/bin
BENCH := $(CACHE)/bench/bin

export PIP_CACHE_DIR := $(CACHE)/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export TMPDIR := $(CACHE)/tmp

.PHONY: help test check unit compat-short compat compat-real compat-report differential soak bench demo clean

help:
	@echo 'make test           check, unit and compat-short: what CI runs'
	@echo 'make check          format, lint, types, import rules'
	@echo 'make unit           the tests of our own code'
	@echo 'make compat         tests that stock clients drive, against mockbroker'
	@echo 'make compat-short   the same but for a few long ones'
	@echo 'make compat-real    the same tests against an Apache Kafka of their own'
	@echo 'make compat-report  docs/compatibility.md from what make compat recorded'
	@echo 'make differential   the same requests to mockbroker and to an Apache Kafka, answers compared'
	@echo 'make soak           five minutes of brokers that die while stock clients go on: nothing is lost'
	@echo 'make bench          measurements, as ratios within one run'
	@echo 'make demo           a cluster, stock clients, what each step showed'

test: check unit compat-short

check: $(CACHE)/venv/ready
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/lint-imports

unit: $(CACHE)/venv/ready
	$(RUN)/pytest -n 2 -r s tests

compat-short: $(CACHE)/venv/ready
	$(RUN)/pytest -n 2 --dist loadscope -r s -m 'not full' compat_tests

compat: $(CACHE)/venv/ready
	rm -f $(CACHE)/compat-results.json
	$(RUN)/pytest -n 2 --dist loadscope -r s compat_tests

compat-real: $(CACHE)/venv/ready
	$(RUN)/pytest -r s compat_tests --real-kafka

compat-report: $(CACHE)/venv/ready
	$(RUN)/python -m compat_tests.report

differential: $(CACHE)/venv/ready
	$(RUN)/python -m compat_tests.differential
	$(RUN)/python -m compat_tests.differential.three_brokers

soak: $(CACHE)/venv/ready
	MOCKBROKER_CHAOS_SECONDS=300 $(RUN)/pytest -r s compat_tests/chaos

bench: $(CACHE)/bench/ready
	$(BENCH)/python -m benchmarks

# With the tools that `make compat` fetched, the demo drives them too.
JARS := $(CACHE)/kafka-cli/jars
demo: $(CACHE)/demo/ready
	$(if $(wildcard $(JARS)/.complete),MOCKBROKER_KAFKA_JARS=$${MOCKBROKER_KAFKA_JARS:-$(JARS)}) $(DEMO)/mockbroker demo

clean:
	rm -rf $(CACHE)

$(CACHE)/venv/ready: pyproject.toml | $(TMPDIR)
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or newer is needed' >&2; exit 1; }
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --editable '.[dev]'
	@touch $@

$(CACHE)/demo/ready: pyproject.toml | $(TMPDIR)
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or newer is needed' >&2; exit 1; }
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --editable '.[demo]'
	@touch $@

$(CACHE)/bench/ready: pyproject.toml | $(TMPDIR)
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or newer is needed' >&2; exit 1; }
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --editable '.[bench]'
	@touch $@

$(TMPDIR):
	@mkdir -p $@
