# `make demo` runs the main job, `make test` everything that proves it. Both install what they need on Debian 12.

.PHONY: demo test campaigns sanitize instructions bench check proto build release static install packages \
  development-packages format clean

PREFIX = /usr/local

SWIFT_FLAGS = --explicit-target-dependency-import-check error

demo: packages
	swift build -c release --product mecened
	swift build -c release --product mecene
	PATH="$$(swift build -c release --show-bin-path):$$PATH" examples/demo.sh

# Tests run one at a time: they block threads on real sockets, and two cores have few.
test: packages check
	swift build --build-tests $(SWIFT_FLAGS)
	swift test --skip-build --disable-xctest --no-parallel
	clients/python/run-tests .build/debug/mecened -q

# What is long and random: disks that fail at each write in each way, the state machine for ten times as long, all of the real
# likes, faults planted where money moves and where `make check` looks.
campaigns: packages development-packages
	Tests/Mutations/run
	Tests/Mutations/check
	MECENE_CAMPAIGNS=1 MECENE_MODEL_STEPS=1000000 swift test --disable-xctest --no-parallel \
	  --filter 'Campaign|DiskFault|GatheredWrites|LedgerModel|Replay'

# The suites under ThreadSanitizer and AddressSanitizer.
sanitize: packages
	.ci/sanitize

# Instructions of the hot path's parts, against what they were.
instructions: packages
	.ci/instructions

# Against bare C baselines in the same run; see Benchmarks/README.md. STEP=settlement runs one step alone, PEERS=1 measures
# Redis and PostgreSQL beside it.
bench: packages
	$(if $(PEERS),.ci/install-packages redis-server postgresql)
	swift build -c release --product mecened
	swift build -c release --package-path Benchmarks
	Benchmarks/.build/release/bench --programs "$$(swift build -c release --show-bin-path)" \
	  --tools Benchmarks/.build/release --directory "$${TMPDIR:-/tmp}/mecene-bench" \
	  --json Benchmarks/results.json \
	  $(if $(STEP),--step $(STEP),--picture docs/benchmarks.svg) $(if $(PEERS),--peers)

# What can be checked without running anything: generated files, format, the contract, the ledger's imports.
check: development-packages
	.ci/check

proto: development-packages
	proto/generate.sh

build: packages
	swift build $(SWIFT_FLAGS)

release: packages
	swift build -c release

# With the Swift runtime linked in, apart from other builds: the programs run on a Debian without Swift.
STATIC_FLAGS = -c release --static-swift-stdlib --scratch-path .build-static

static: packages
	swift build $(STATIC_FLAGS) --product mecened
	swift build $(STATIC_FLAGS) --product mecene

# Whoever installs may be another user, without Swift on the path.
install:
	@[ -x .build-static/release/mecened ] || { echo "run \`make static\` first" >&2; exit 1; }
	@for program in mecened mecene; do \
	  install -s -D -m 0755 ".build-static/release/$$program" "$(DESTDIR)$(PREFIX)/bin/$$program"; done

packages:
	.ci/install-packages libsqlite3-dev libprotobuf-c-dev zlib1g-dev pkg-config

development-packages:
	.ci/install-packages protobuf-compiler libprotobuf-dev protobuf-c-compiler python3-protobuf sqlite3 python3-venv hledger e2fsprogs

format:
	swift format format --in-place --recursive Sources clients Tests Benchmarks/Sources Package.swift Benchmarks/Package.swift

clean:
	rm -rf .build
