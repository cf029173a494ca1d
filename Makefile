# Norma's everyday commands; `make` alone lists them. Each brings what it needs by itself.

# Where the demo's model goes.
DEMO_OUTPUT ?= solar-cells.norma

SOURCES := Package.swift Sources Tests

.PHONY: help build demo test soak bench dist-cuda format check-format docs clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## set up this machine, build .build/release/norma and norma-runtime
	@Scripts/setup.sh build
	@swift build -c release
	@echo "built: .build/release/norma, .build/release/norma-runtime"

demo: ## train on photographs of solar cells, evaluate, leave a page (DEMO_OUTPUT=…)
	@Scripts/setup.sh demo
	@swift build -c release
	@Scripts/demo.sh "$(DEMO_OUTPUT)"

test: ## build and run every test
	@Scripts/setup.sh test
	@Scripts/test.sh

SOAK_SECONDS ?= 3600

soak: ## mutate every reader's files for an hour (SOAK_SECONDS=…); a case that crashes stays in .build/soak
	@Scripts/setup.sh test
	@mkdir -p .build/soak
	@NORMA_FUZZ_SECONDS=$(SOAK_SECONDS) NORMA_FUZZ_CASES="$(CURDIR)/.build/soak" Scripts/test.sh --filter FuzzTests

bench: ## time Norma beside what its users have, in one run (ARGUMENTS=…, such as --only steps)
	@Scripts/setup.sh demo
	@swift build -c release
	@Scripts/bench.sh $(ARGUMENTS)

dist-cuda: ## .build/dist-cuda/norma-train: trains on an NVIDIA GPU; needs only a LibTorch folder there
	@Scripts/setup.sh cuda
	@Scripts/dist-cuda.sh

format: ## format the Swift sources with the toolchain's swift-format
	@swift format --in-place --recursive --parallel $(SOURCES)

check-format: ## say what `make format` would change or cannot mend; change nothing
	@swift format lint --strict --recursive --parallel $(SOURCES)

docs: ## the library's reference as a web site, in .build/docs
	@Scripts/setup.sh build
	@Scripts/docs.sh

clean: ## remove what was built (.build); .native stays
	@swift package clean
	@rm -rf .build/docs .build/dist-cuda .build-cuda
