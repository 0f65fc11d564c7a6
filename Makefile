# What a person does here, by name. Everything runs on a plain Debian 12 machine with rustup's stable.

CARGO ?= cargo
BROWSER = tests/browser

.PHONY: setup-conformance conformance conformance-ci fuzz-ci page gis client-tests clients setup-clients crash help demo build test unit browser lint docs bench bench-test evidence bench-peers picture fuzz fuzz-smoke setup setup-trace setup-browser clean

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: build ## Build and show the sample that ships: ten blocks and their map
	./target/release/hotblocks demo

build: setup ## Build the binary
	$(CARGO) build --release --locked

setup: ## Install what the build needs and is missing (cmake)
	sh .ci/setup build

setup-trace: ## Install strace, with which faults and power cuts are played; without it those tests say that they were skipped
	-sh .ci/setup trace

setup-browser: ## Install what the browser tests need and is missing (chromium, node, npm)
	sh .ci/setup browser

test: unit page gis ## Every test

unit: setup setup-trace ## Tests of the crate and of its documentation
	$(CARGO) test --release --locked --lib --bins --tests
	$(CARGO) test --release --locked --doc

browser: build page ## The page in headless Chromium, against the real binary

# Against the binary that lies there: after `unit` it is the one that the tests ran, and building it alone, which resolves
# fewer features, would compile the crate again.
page: setup-browser
	cd $(BROWSER) && npm ci --no-audit --no-fund && npm test

setup-clients: ## Install the GIS clients that CI tries (GDAL; pyogrio, geopandas, OWSLib below target/)
	sh .ci/setup clients

CLIENTS = ../../target/clients/bin/python -m unittest

client-tests: build gis ## GDAL, pyogrio, geopandas and OWSLib against the served sample, and the recipes of docs/clients.md

# Against the binary that lies there, as `page`.
gis: setup-clients
	cd tests/clients && $(CLIENTS)

clients: build setup-clients ## The same with R and QGIS, which are large (installs them)
	sh .ci/setup more-clients
	cd tests/clients && HOTBLOCKS_CLIENTS=all $(CLIENTS)

lint: setup ## Format, clippy, documentation: warnings are errors
	$(CARGO) fmt --check
	$(CARGO) clippy --release --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --locked --no-deps

setup-conformance: ## Install schemathesis and OGC's registry of interfaces, below target/
	sh .ci/setup conformance

conformance: build setup-conformance ## The interface judged by schemathesis, EXAMPLES=500 an operation, and by OGC's registry
	python3 tests/clients/conformance.py $(EXAMPLES)

# Against the binary that lies there, as `page`.
conformance-ci: setup-conformance
	python3 tests/clients/conformance.py --quick 30

bench: setup ## All benchmarks
	$(CARGO) bench --locked

bench-test: setup ## Every benchmark once, to see that it runs
	$(CARGO) test --release --locked --benches

evidence: build ## Write docs/validation.md, docs/ranking.md, docs/performance.md and docs/live.md from what is measured now
	$(CARGO) bench --locked --bench evidence -- --write
	CARGO=$(CARGO) sh benches/live.sh > target/live.md && mv target/live.md docs/live.md

bench-peers: setup ## Write the end of docs/performance.md: others' tools beside ours on the same data (installs them below target/)
	CARGO=$(CARGO) sh benches/peers/run.sh

EXAMPLES ?= 500
FUZZ_SECONDS ?= 600

fuzz: setup ## Any bytes at every reader, FUZZ_SECONDS=600 each; writes docs/fuzzing.md
	bash fuzz/run.sh $(FUZZ_SECONDS)
	python3 fuzz/report.py

# Seeds and 20 s need no speed, and what is less optimised is compiled in half the time.
fuzz-ci: setup ## The seeds of every reader, those that once broke it among them, and 20 s more for CSV, GeoJSON and shapefiles; what CI runs
	CARGO_PROFILE_RELEASE_OPT_LEVEL=1 FUZZ_TOGETHER=1 FUZZ_FLAGS="-seed=1 -timeout=60" bash fuzz/run.sh 20 csv geojson shapefile

fuzz-smoke: setup ## The same for 20 s each from one seed, after the corpus; one that takes 30 s is a failure
	FUZZ_FLAGS="-seed=1" bash fuzz/run.sh 20

ROUNDS ?= 1000

crash: setup setup-trace ## Kill a store under eight writers, ROUNDS=1000 times, cut what it wrote at 10,000 moments; writes docs/faults.md
	rm -rf target/faults && mkdir -p target/faults
	ROUNDS=$(ROUNDS) CUTS=10000 FAULTS=$(CURDIR)/target/faults $(CARGO) test --release --locked --test crash -- --nocapture
	sh tests/crash/report.sh target/faults > docs/faults.md

docs: setup ## Write docs/parameters.md from the table of parameters, and what the reference tests found into docs/validation.md
	UPDATE_DOCS=1 $(CARGO) test --release --locked --test documents --test reference

picture: build setup-browser ## Take the README's picture of the map
	cd $(BROWSER) && npm ci --no-audit --no-fund && node picture.mjs ../../docs/map.png

clean: ## Remove what was built
	$(CARGO) clean
	rm -rf $(BROWSER)/node_modules
