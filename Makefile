# Every task of the repository; `make help` lists them. Nothing outside this folder is changed:
# Python tools live in .venv, cargo's work in target, the wheel in dist.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

# The interpreter that .venv is made with; the tests look for every other supported one themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# The other profilers are kept apart from the tools; BENCH_OPTIONS=--quick and others go to benches/compare.py.
BENCH_VENV := .venv-bench
BENCH_OPTIONS ?=
TOOLS := target/tools
CARGO_DENY_VERSION := 0.20.2

WHEEL_BUILT := dist/.built
WHEEL_SOURCES := $(shell find Cargo.toml Cargo.lock rust-toolchain.toml pyproject.toml README.md \
	LICENSE-MIT LICENSE-APACHE crates python packaging heapwise.data \
	-type f ! -name '*.so' ! -name '*.snap*' ! -path '*/__pycache__/*' ! -path '*/tests/*')
PYTHON_SOURCES := python/heapwise packaging $(wildcard tests/package tests/e2e tests/page tests/suites benches examples)
# Examples are written as their readers write: without annotations everywhere.
TYPED_SOURCES := $(filter-out examples,$(PYTHON_SOURCES))

.PHONY: help
help: ## List these tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/heapwise-installed $(VENV)/demo-libraries ## Profile a real analysis, print report and advice, prove a fix, make the page
	@mkdir -p target/demo
	@rm -f target/demo/flights.heapwise target/demo/flights.html
	$(BIN)/heapwise run -o target/demo/flights.heapwise examples/flights.py
	$(BIN)/heapwise advise target/demo/flights.heapwise
	$(BIN)/heapwise report target/demo/flights.heapwise --format html -o target/demo/flights.html
	@rm -f target/demo/readings.heapwise target/demo/readings.heapwise.proofs.json
	$(BIN)/heapwise run --no-report -o target/demo/readings.heapwise examples/readings.py
	$(BIN)/heapwise fix target/demo/readings.heapwise --verify
	@echo "The page: target/demo/flights.html (here, heapwise is $(BIN)/heapwise)"

.PHONY: test
test: lint test-rust test-python ## Everything that must hold: lint, Rust tests, Python tests on every Python found

.PHONY: lint
lint: lint-rust lint-python lint-page ## Formatting, lints, types, house rules, licences

.PHONY: lint-rust
lint-rust: | tools
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo xtask tidy
	@export PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH"; \
	if cargo deny --version >/dev/null 2>&1; then \
		set -x; cargo deny --locked check licenses bans sources; \
	else \
		echo "SKIPPED: cargo deny is not installed, so licences, bans and sources were not checked; make cargo-deny installs it"; \
	fi

# Twice, because two folders have a conftest.py, which mypy would take for one module.
.PHONY: lint-python
lint-python: $(VENV)/dev-tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(filter-out tests/page,$(TYPED_SOURCES))
	$(BIN)/mypy $(filter tests/page,$(TYPED_SOURCES))

# The page's program is committed as it is built, so that building heapwise needs no Node; whoever has it checks that.
.PHONY: lint-page
lint-page:
	@if ! command -v npm >/dev/null; then \
		echo "SKIPPED: there is no Node.js (npm), so it was not checked that the committed page is what web/ builds"; \
	elif ! npm --prefix web ci --ignore-scripts --no-audit --no-fund --loglevel=error; then \
		echo "SKIPPED: npm cannot install what web/ needs, so it was not checked that the committed page is what web/ builds"; \
	else \
		npm --prefix web run --silent verify; \
	fi

.PHONY: page
page: ## Build the page's program (web/, needs Node.js) into the crate that fills it in
	npm --prefix web ci --ignore-scripts --no-audit --no-fund --loglevel=error
	npm --prefix web run --silent build

.PHONY: screenshots
screenshots: demo $(VENV)/dev-tools ## Take the README's pictures of the demo's page (needs Chromium)
	$(BIN)/heapwise report target/demo/flights.heapwise --format html -o target/demo/flights.html
	$(BIN)/python tests/page/screenshots.py target/demo/flights.html docs/images

# Two to four minutes of compiling, so it is installed on request only.
.PHONY: cargo-deny
cargo-deny: $(TOOLS)/bin/cargo-deny ## Install cargo-deny into target/tools; make lint then checks licences too

.PHONY: test-rust
test-rust: | tools ## The Rust tests alone
	@if cargo nextest --version >/dev/null 2>&1; then \
		set -x; cargo nextest run --workspace --locked; cargo test --workspace --locked --doc --quiet; \
	else \
		set -x; cargo test --workspace --locked; \
	fi

.PHONY: test-python
test-python: $(VENV)/heapwise-installed readers ## The Python tests alone, on the built wheel
	@command -v chromium chromium-browser google-chrome >/dev/null || \
		echo "SKIPPED: there is no Chromium, so the page is not tested in a browser; on Debian: apt install chromium"
	$(BIN)/python -m pytest -n 2

# The long suites: a part of each is in `make test`.
SUITES_VENV := .venv-suites
SUITE := $(SUITES_VENV)/bin/python tests/suites/run_suite.py
SUITE_OPTIONS ?=
KILLS ?= 100
FUZZ_SECONDS ?= 100
FUZZ_TARGETS := header tables events inspection chunks capture

.PHONY: test-cpython
test-cpython: $(SUITES_VENV)/heapwise-installed ## CPython's own tests, alone and under heapwise
	$(SUITE) cpython --python $(SUITES_VENV)/bin/python $(SUITE_OPTIONS)

.PHONY: test-libraries
test-libraries: $(SUITES_VENV)/heapwise-installed ## NumPy's and pandas' own tests, alone and under heapwise
	$(SUITE) libraries --python $(SUITES_VENV)/bin/python $(SUITE_OPTIONS)

.PHONY: test-pyperformance
test-pyperformance: $(SUITES_VENV)/heapwise-installed ## pyperformance's programs, alone and under heapwise
	$(SUITE) pyperformance --python $(SUITES_VENV)/bin/python $(SUITE_OPTIONS)

.PHONY: test-kills
test-kills: $(VENV)/heapwise-installed ## Kill a program 100 times in each mode, and hold each capture to the truth
	HEAPWISE_TEST_PYTHONS="$${HEAPWISE_TEST_PYTHONS:-$(CURDIR)/$(BIN)/python}" HEAPWISE_TEST_KILLS=$(KILLS) \
		$(BIN)/python -m pytest -q tests/e2e/test_kill.py

.PHONY: test-advice
test-advice: $(VENV)/heapwise-installed ## Every program with planted waste against its hand-fixed twin
	HEAPWISE_TEST_PYTHONS="$${HEAPWISE_TEST_PYTHONS:-$(CURDIR)/$(BIN)/python}" HEAPWISE_TEST_ADVICE=all \
		$(BIN)/python -m pytest -q tests/e2e/test_advice.py

.PHONY: test-proofs
test-proofs: $(VENV)/heapwise-installed ## Every edit on the programs for advice, proven by running it; no look-alike is edited
	$(BIN)/python benches/proofs.py

.PHONY: fuzz
fuzz: ## Fuzz every reader of foreign bytes (a nightly compiler and cargo-fuzz), FUZZ_SECONDS each
	@cargo +nightly fuzz --version >/dev/null || { echo "install them: rustup toolchain install nightly; cargo install --locked cargo-fuzz" >&2; exit 1; }
	@for target in $(FUZZ_TARGETS); do \
		mkdir -p target/fuzz-corpus/$$target; \
		cargo +nightly fuzz run --fuzz-dir fuzz --sanitizer none $$target $(CURDIR)/target/fuzz-corpus/$$target $(CURDIR)/fuzz/corpus/$$target \
			-- -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -max_len=16384 -print_final_stats=1; \
	done

.PHONY: test-valgrind
test-valgrind: $(VENV)/heapwise-installed ## Programs with the agent in them under valgrind, in both modes
	$(BIN)/python tests/suites/run_valgrind.py --python $(BIN)/python $(SUITE_OPTIONS)

# What reads foreign bytes has no unsafe code; what it is built on has.
SANITIZED := heapwise_capture heapwise_profile heapwise_analysis
.PHONY: test-sanitizer
test-sanitizer: ## The readers' tests under the address sanitizer (a nightly compiler)
	@cargo +nightly --version >/dev/null || { echo "install it: rustup toolchain install nightly" >&2; exit 1; }
	RUSTFLAGS=-Zsanitizer=address CARGO_TARGET_DIR=target/sanitizer \
		cargo +nightly test --locked --target x86_64-unknown-linux-gnu $(SANITIZED:%=-p %) --lib --tests

# Property tests run few cases there: miri is some hundred times slower.
.PHONY: miri
miri: ## The tests of the capture format under miri (a nightly compiler with the component miri)
	@cargo +nightly miri --version >/dev/null 2>&1 || { echo "missing: miri; install it: rustup toolchain install nightly --component miri,rust-src" >&2; exit 1; }
	PROPTEST_CASES=8 MIRIFLAGS=-Zmiri-disable-isolation cargo +nightly miri test --locked -p heapwise_capture --lib

# Programs of others that read heapwise's exports; without npm the tests that need them are skipped, and say so.
.PHONY: readers
readers: ## Install what reads the exports in the tests, from npm
	@if command -v npm >/dev/null && command -v node >/dev/null; then \
		$(MAKE) --no-print-directory target/readers/installed \
			|| echo "SKIPPED: npm could not install the readers of exports, so pprof and speedscope exports are not read"; \
	else \
		echo "SKIPPED: npm and node are not installed, so pprof and speedscope exports are not read by others' programs"; \
	fi

target/readers/installed: tests/e2e/readers/package.json
	@mkdir -p target/readers
	cp $< target/readers/package.json
	npm install --prefix target/readers --ignore-scripts --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: wheel
wheel: $(WHEEL_BUILT) ## Build the wheel into dist/
	@ls -l dist/*.whl

.PHONY: bench
bench: $(BENCH_VENV)/heapwise-installed ## Measure time, memory and capture size against plain Python and other profilers
	$(BENCH_VENV)/bin/python benches/compare.py $(BENCH_OPTIONS)

.PHONY: format
format: $(VENV)/dev-tools ## Format Rust and Python sources in place
	cargo fmt --all
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: clean
clean: ## Remove everything that the other tasks made
	rm -rf target dist web/node_modules $(VENV) $(BENCH_VENV) $(SUITES_VENV) .mypy_cache .ruff_cache .pytest_cache python/heapwise/_agent.so
	find python packaging tests benches examples -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# What must be on the machine. Each missing tool is named with how to get it.
.PHONY: tools
tools:
	@missing=0; \
	lacks() { echo "missing: $$1" >&2; echo "         $$2" >&2; missing=1; }; \
	if ! command -v $(PYTHON) >/dev/null; then \
		lacks "$(PYTHON)" "install Python 3.10 or newer, or name one: make PYTHON=python3.12 ..."; \
	elif ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then \
		lacks "Python 3.10 or newer ($(PYTHON) is $$($(PYTHON) -V 2>&1))" "name a newer one: make PYTHON=python3.12 ..."; \
	elif ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
		lacks "Python's venv and ensurepip modules" "on Debian and Ubuntu: apt install python3-venv"; \
	fi; \
	command -v cargo >/dev/null || lacks "cargo" "install Rust from https://rustup.rs; rust-toolchain.toml chooses the version"; \
	command -v cc >/dev/null || lacks "cc" "a C compiler, which Rust links with; on Debian and Ubuntu: apt install gcc libc6-dev"; \
	command -v git >/dev/null || lacks "git" "on Debian and Ubuntu: apt install git"; \
	exit $$missing

$(VENV)/created: | tools
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/dev-tools: requirements/dev.txt $(VENV)/created
	$(PIP) install -r requirements/dev.txt
	@touch $@

$(VENV)/demo-libraries: requirements/demo.txt $(VENV)/created
	$(PIP) install --prefer-binary -r requirements/demo.txt
	@touch $@

# The build tools of dev.txt are used, so that a build downloads nothing else.
$(WHEEL_BUILT): $(WHEEL_SOURCES) $(VENV)/dev-tools
	rm -rf dist
	PATH="$(CURDIR)/$(BIN):$$PATH" $(PIP) wheel . --no-deps --no-build-isolation --wheel-dir dist
	@touch $@

$(VENV)/heapwise-installed: $(WHEEL_BUILT)
	$(PIP) install --force-reinstall --no-deps dist/heapwise-*.whl
	@touch $@

$(BENCH_VENV)/libraries: requirements/bench.txt | tools
	test -x $(BENCH_VENV)/bin/python || $(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --prefer-binary -r requirements/bench.txt
	@touch $@

$(BENCH_VENV)/heapwise-installed: $(WHEEL_BUILT) $(BENCH_VENV)/libraries
	$(BENCH_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --force-reinstall --no-deps dist/heapwise-*.whl
	@touch $@

$(SUITES_VENV)/libraries: requirements/suites.txt | tools
	test -x $(SUITES_VENV)/bin/python || $(PYTHON) -m venv $(SUITES_VENV)
	$(SUITES_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --prefer-binary -r requirements/suites.txt
	@touch $@

$(SUITES_VENV)/heapwise-installed: $(WHEEL_BUILT) $(SUITES_VENV)/libraries
	$(SUITES_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --force-reinstall --no-deps dist/heapwise-*.whl
	@touch $@

$(TOOLS)/bin/cargo-deny:
	cargo install --quiet --locked --version $(CARGO_DENY_VERSION) --root $(TOOLS) cargo-deny
