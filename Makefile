# HyperDust: `make demo` and `make test` are all there is; `make help` lists the rest.
#
# Each target installs what it needs on a fresh Debian machine with Rust, Python 3.11 and apt, and keeps it under
# HYPERDUST_CACHE. Nothing depends on that folder: delete it and the next run makes it again. A virtual environment is
# named after the hash of what is installed in it, so a changed list makes a new one and never half of an old one.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export HYPERDUST_CACHE ?= $(HOME)/.cache/hyperdust
CARGO_TARGET_DIR ?= $(HYPERDUST_CACHE)/target
# Recipes change folders: both are whole paths from here on.
override HYPERDUST_CACHE := $(abspath $(HYPERDUST_CACHE))
override CARGO_TARGET_DIR := $(abspath $(CARGO_TARGET_DIR))
export HYPERDUST_CACHE CARGO_TARGET_DIR
PYTHON ?= python3
CARGO_FLAGS ?= --locked
OUT ?= out

hash = $(shell cat $(1) | sha256sum | cut -c1-12)
TEST_LIST := python/requirements/test.txt
TRAINERS_LIST := python/requirements/trainers.txt
PEERS_LIST := python/requirements/peers.txt
VENV := $(HYPERDUST_CACHE)/venv-test-$(call hash,$(TEST_LIST))
TRAINERS_VENV := $(HYPERDUST_CACHE)/venv-trainers-$(call hash,$(TRAINERS_LIST))
CONTRACTS := actors/settlement/contracts
WHEELS := $(HYPERDUST_CACHE)/wheels
PY := $(VENV)/bin/python
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
export PYTHONDONTWRITEBYTECODE := 1
export MUJOCO_GL := disable

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

# ---------------------------------------------------------------------------------------------- what a fresh machine lacks

.PHONY: system
system:
	@command -v cargo >/dev/null || { echo "cargo not found: install Rust 1.95 or newer from https://rustup.rs"; exit 1; }
	@need=(); \
	{ command -v cc && command -v c++ && command -v make; } >/dev/null || need+=(build-essential); \
	command -v $(PYTHON) >/dev/null || need+=(python3); \
	command -v curl >/dev/null || need+=(curl ca-certificates); \
	command -v xz >/dev/null || need+=(xz-utils); \
	$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || need+=(python3-venv); \
	if (( $${#need[@]} )); then \
	  as_root=(); [[ $$(id -u) == 0 ]] || as_root=(sudo); \
	  "$${as_root[@]}" apt-get update -qq; \
	  "$${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$${need[@]}"; \
	fi

# `.ready` is written last: an environment whose installation was interrupted is made again.
$(VENV)/.ready: | system
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(PY) $(PIP_INSTALL) -r $(TEST_LIST)
	touch $@

$(TRAINERS_VENV)/.ready: | system
	rm -rf $(TRAINERS_VENV)
	$(PYTHON) -m venv $(TRAINERS_VENV)
	$(TRAINERS_VENV)/bin/python $(PIP_INSTALL) --no-deps -r $(TRAINERS_LIST)
	touch $@

# The release wheel of this tree, built each time (cargo decides whether there is anything to do).
.PHONY: wheel
wheel: $(VENV)/.ready ## build the release wheel and install it into the test environment
	rm -rf $(WHEELS)
	cd python && $(VENV)/bin/maturin build --quiet --release $(CARGO_FLAGS) --interpreter $(PY) --out $(WHEELS)
	$(PY) $(PIP_INSTALL) --force-reinstall --no-deps $(WHEELS)/hyperdust-*.whl

# ---------------------------------------------------------------------------------------------- the two commands

.PHONY: demo
demo: wheel page guest ## publish Ant on a chain of this machine, serve it, train PPO and pay for each step, check, replay, sell what was learned; pictures in out/
	cargo build $(CARGO_FLAGS) --quiet --release -p hyperdust-actors --bin hyperdust
	HYPERDUST_BINARY=$(CARGO_TARGET_DIR)/release/hyperdust HYPERDUST_GUEST=$(GUEST) \
	  $(PY) python/examples/demo.py --out $(OUT) --json $(OUT)/market.json

.PHONY: test
test: page lint test-rust test-contracts test-steps test-python ## everything that needs neither a GPU nor torch

.PHONY: lint
lint: system ## formatting and lints
	@cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 || rustup component add rustfmt clippy
	cargo fmt --all --check
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	RUSTC_BOOTSTRAP=1 cargo fmt --check --manifest-path engine/guest/Cargo.toml
	cargo clippy $(CARGO_FLAGS) --quiet --workspace --all-targets -- -D warnings

# All that is built for tests is built of the same packages at once: with fewer, cargo would choose other features and compile their dependencies again.
# (The extension module links without Python's library, so its own tests are Python's. The server has failpoints then, which nothing switches on; `make demo` and
# `make evidence` run it as it is released.)
RUST := $(CARGO_FLAGS) --quiet --workspace --exclude hyperdust-python

# The server, and what writes steps for the contracts: built with the tests already, where those were.
.PHONY: tested
tested: page
	cargo build $(RUST) --bin hyperdust --example steps

# Property tests draw the same cases on every run here, so that a change is judged by what it changed; run them without
# the seed (plain `cargo test`) to look further. `make fuzz` looks furthest.
.PHONY: test-rust
test-rust: export PROPTEST_RNG_SEED ?= 20261122
test-rust: guest $(CONTRACTS)/node_modules/.package-lock.json ## unit, property and golden tests of the Rust crates
	HYPERDUST_GUEST=$(GUEST) cargo test $(RUST) --no-fail-fast
	$(MAKE) test-determinism-flag test-native test-instructions

# Without `enhanced-determinism` the physics would differ between machines: such a build must not exist.
.PHONY: test-determinism-flag
test-determinism-flag: system
	@said=$$(cargo check $(CARGO_FLAGS) --quiet -p hyperdust-kernel --no-default-features 2>&1) \
	  && { echo "the kernel compiled without enhanced-determinism"; exit 1; } || true; \
	grep -q enhanced-determinism <<<"$$said" || { echo "the kernel failed for another reason:"; echo "$$said"; exit 1; }; \
	echo "a build without enhanced-determinism fails to compile: ok"

# Machine instructions of one step, against tests/instructions.toml: a slower step shows on any machine.
.PHONY: test-instructions instructions-write
test-instructions instructions-write: system
	@command -v valgrind >/dev/null || { as_root=(); [[ $$(id -u) == 0 ]] || as_root=(sudo); \
	  "$${as_root[@]}" apt-get update -qq; "$${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq valgrind; }
	cargo run $(CARGO_FLAGS) --quiet --release -p hyperdust-tests --example instructions -- $(if $(findstring write,$@),--write)

# The same goldens from code compiled for this very processor.
.PHONY: test-native
test-native: system
	CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/native RUSTFLAGS="-C target-cpu=native" \
	  cargo run $(CARGO_FLAGS) --quiet -p hyperdust-tests --example goldens

# What a browser needs of the server: three.js from npm and our own scripts in one file, which `cargo build` puts into the binary.
PAGE := actors/page/dist/page.js
.PHONY: page
page: $(PAGE) ## bundle the server's web page
$(PAGE): actors/page/package.json actors/page/package-lock.json $(wildcard actors/page/src/*.js) | node
	cd actors/page && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build

.PHONY: node
node: system
	@command -v npm >/dev/null || { as_root=(); [[ $$(id -u) == 0 ]] || as_root=(sudo); \
	"$${as_root[@]}" apt-get update -qq; "$${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nodejs npm; }

# forge, anvil, the compiler and OpenZeppelin come from npm; nothing is fetched while building or testing.
$(CONTRACTS)/node_modules/.package-lock.json: $(CONTRACTS)/package.json $(CONTRACTS)/package-lock.json | node
	cd $(CONTRACTS) && npm ci --no-audit --no-fund --loglevel=error
	touch $@

.PHONY: test-contracts
test-contracts: $(CONTRACTS)/node_modules/.package-lock.json ## unit, fuzz and invariant tests of the contracts, what their actions cost, and whether artifacts are theirs
	cd $(CONTRACTS) && npm run --silent test

# More steps of the proof machine than a repository should hold: Rust writes them, the contract executes them.
.PHONY: test-steps
test-steps: $(CONTRACTS)/node_modules/.package-lock.json guest tested ## 20,000 fuzzed steps and 1,000 of an Ant's run, by the contract as by the machine
	rm -rf $(CONTRACTS)/out/steps
	$(CARGO_TARGET_DIR)/debug/examples/steps fuzz $(CONTRACTS)/out/steps/fuzz 20000
	$(CARGO_TARGET_DIR)/debug/examples/steps ant $(GUEST) $(CONTRACTS)/out/steps/ant 1000
	cd $(CONTRACTS) && HYPERDUST_STEPS=out/steps/fuzz HYPERDUST_LEAST=20000 npx forge test --match-test asked_for
	cd $(CONTRACTS) && HYPERDUST_STEPS=out/steps/ant HYPERDUST_LEAST=1000 npx forge test --match-test asked_for

.PHONY: chromium
chromium: system
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { as_root=(); [[ $$(id -u) == 0 ]] || as_root=(sudo); \
	"$${as_root[@]}" apt-get update -qq; "$${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; }

# What the faults of python/evidence/faults.py are made with: network namespaces, lost packets, a false clock.
.PHONY: fault-tools
fault-tools: system
	@need=(); \
	command -v ip >/dev/null || need+=(iproute2); \
	command -v iptables >/dev/null || need+=(iptables); \
	ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || need+=(faketime); \
	if (( $${#need[@]} )); then \
	  as_root=(); [[ $$(id -u) == 0 ]] || as_root=(sudo); \
	  "$${as_root[@]}" apt-get update -qq; \
	  "$${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$${need[@]}"; \
	fi

# `pytest`, not `python -m pytest`: that would put this folder on the path, where TorchRL finds a module `gym`.
.PHONY: test-python
test-python: wheel page guest tested chromium fault-tools ## tests of the Python package and of the server, with MuJoCo as the oracle of the robots
	@$(PY) -P -c 'import mujoco, jax, matplotlib, imageio, minari, h5py, rerun, zmq, playwright'  # else the tests would skip themselves
	HYPERDUST_GUEST=$(GUEST) HYPERDUST_BINARY=$(CARGO_TARGET_DIR)/debug/hyperdust $(VENV)/bin/pytest python/tests -p no:cacheprovider
	@$(PY) -P -c 'import hyperdust._core as core; print(core.__file__)' | xargs nm -D --undefined-only \
	  | { ! grep -E ' (acos|asin|atan|atan2|cos|sin|sincos|tan|exp|exp2|log|log2|log10|pow)f(@|$$)'; } \
	  || { echo "the extension calls the platform's mathematics: see engine/elementary"; exit 1; }

.PHONY: test-trainers
test-trainers: wheel $(TRAINERS_VENV)/.ready ## Stable-Baselines3, TorchRL and LeRobot (own environment: they bring torch)
	$(TRAINERS_VENV)/bin/python $(PIP_INSTALL) --force-reinstall --no-deps $(WHEELS)/hyperdust-*.whl
	@$(TRAINERS_VENV)/bin/python -P -c 'import stable_baselines3, torchrl, lerobot'  # else the tests would skip themselves
	HF_HUB_OFFLINE=1 $(TRAINERS_VENV)/bin/pytest python/tests/test_sb3.py python/tests/test_torchrl.py python/tests/test_datasets.py \
	  -p no:cacheprovider

# ---------------------------------------------------------------------------------------------- programs of the proof machine

# Builds with a toolchain of its own (150 MB to fetch once, checked against engine/guest/toolchain.sha256).
.PHONY: guest guest-root
guest: system ## build the programs of the proof machine; fails where one is not that of engine/guest/IMAGE_ROOT
	engine/guest/build.sh
guest-root: system ## write engine/guest/IMAGE_ROOT anew (say in the commit why the programs changed)
	engine/guest/build.sh --write

GUEST := $(CARGO_TARGET_DIR)/hyperdust-guest
.PHONY: test-guest
test-guest: guest $(CONTRACTS)/node_modules/.package-lock.json ## of those, that the programs of the proof machine give the same bytes as native code
	HYPERDUST_GUEST=$(GUEST) cargo test $(CARGO_FLAGS) --quiet -p hyperdust-guest-tests

# ---------------------------------------------------------------------------------------------- goldens, fuzzing, evidence

.PHONY: goldens
goldens: system ## write scenes/*/golden.toml anew (say in the commit why the bits changed)
	cargo run $(CARGO_FLAGS) --quiet --release -p hyperdust-tests --example goldens -- --write

.PHONY: pictures
pictures: wheel ## draw the picture of every scene's README anew
	$(PY) python/evidence/pictures.py

FUZZ_SECONDS ?= 60
FUZZ_TARGETS = $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))
CARGO_FUZZ_VERSION := 0.13.2
CARGO_FUZZ := $(HYPERDUST_CACHE)/tools/cargo-fuzz-$(CARGO_FUZZ_VERSION)/bin/cargo-fuzz

$(CARGO_FUZZ): | system
	@command -v c++ >/dev/null || { echo "a C++ compiler is needed: apt-get install build-essential"; exit 1; }
	cargo install --quiet --locked cargo-fuzz --version $(CARGO_FUZZ_VERSION) --root $(HYPERDUST_CACHE)/tools/cargo-fuzz-$(CARGO_FUZZ_VERSION)

# libFuzzer's instrumentation is unstable; RUSTC_BOOTSTRAP lets the stable compiler do it. A finding stays in fuzz/artifacts.
.PHONY: fuzz
fuzz: export CARGO_TARGET_DIR := $(CARGO_TARGET_DIR)/fuzz
fuzz: $(CARGO_FUZZ) ## fuzz every decoder for FUZZ_SECONDS (60) each
	cargo run $(CARGO_FLAGS) --quiet --manifest-path fuzz/Cargo.toml --bin seeds -- $(HYPERDUST_CACHE)/corpus
	@for target in $(FUZZ_TARGETS); do \
	  echo "== $$target"; \
	  RUSTC_BOOTSTRAP=1 $(CARGO_FUZZ) run --fuzz-dir fuzz $$target $(HYPERDUST_CACHE)/corpus/$$target \
	    -- -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048 -malloc_limit_mb=1024 -timeout=10 -print_final_stats=1 2>&1 | tail -n 12; \
	done

.PHONY: evidence-tools
evidence-tools: wheel
	$(PY) $(PIP_INSTALL) -r $(PEERS_LIST)

# `-P`, as above: else this folder is on the path, where peers find a module `gym`.
.PHONY: bench evidence-benchmark
bench: evidence-tools ## our speed beside EnvPool, Gymnasium and MuJoCo: one table (BENCH_FLAGS="--threads 8 --lanes 1024")
	$(PY) -P -m hyperdust.bench --json docs/evidence/benchmark.json --png docs/evidence/benchmark.png \
	  --markdown docs/performance.md $(BENCH_FLAGS)
evidence-benchmark: bench

# What evidence-aarch64 links with, and runs under.
.PHONY: aarch64-tools
aarch64-tools: system
	@command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64-static >/dev/null || { \
	  as_root=(); [[ $$(id -u) == 0 ]] || as_root=(sudo); "$${as_root[@]}" apt-get update -qq; \
	  "$${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static; }
evidence-aarch64: aarch64-tools

# What is measured on the server as it is released.
SERVED := serve digests faults hostile serve-soak
.PHONY: hyperdust
hyperdust: system ## the server, as released
	cargo build $(CARGO_FLAGS) --quiet --release -p hyperdust-actors
$(addprefix evidence-,$(SERVED)): hyperdust

EVIDENCE := physics learning transfer soak fuzzing guest worlds disputes aarch64 $(SERVED)
.PHONY: evidence $(addprefix evidence-,$(EVIDENCE))
evidence: $(addprefix evidence-,$(EVIDENCE)) evidence-benchmark ## the long forms (many hours); writes docs/evidence/*.json
evidence-guest evidence-worlds evidence-disputes: guest
evidence-faults: fault-tools
evidence-guest evidence-worlds evidence-disputes: export HYPERDUST_GUEST := $(GUEST)
$(addprefix evidence-,$(EVIDENCE)): evidence-%: evidence-tools
	$(PY) python/evidence/$*.py
