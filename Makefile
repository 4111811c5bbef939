.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Each of hundreds of processes would else compile all modules anew where that variable is set, as in images.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest
WORKERS := -n 6 --dist worksteal

.PHONY: help install sweep test check types check-k8s scan-k8s format bench bench-diagnosis bench-dial bench-healthy bench-ladder bench-langchain bench-memory bench-pinning bench-same bench-side-cost case-study clean cluster-test fuzz images mutations podman-test

help: ## List what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## Make .venv with everything in it (the others call this)

# pip compiles 7 million lines on one core, which takes two minutes, tests of others and what is seldom imported here, too.
ROOMS := $(dir $(wildcard */__init__.py))
SELDOM := tests?|pip|mypy|networkx|transformers/models|torch/(_inductor|distributed|onnx|testing)
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.x" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-compile -c constraints.txt -e '.[dev]'
	$(BIN)/python -m compileall -qq -j 0 -x '/($(SELDOM))/' $(VENV)/lib $(ROOMS) || true # some are no Python, on purpose
	touch $@

sweep: install ## Show where the reference app stops scaling (about 6 minutes; SWEEP="--name x" for options)
	$(BIN)/sweep $(SWEEP)

test: install ## Run the tests
	$(PYTEST) $(WORKERS)

# Each of six workers would else compile all tests of a fresh clone by itself. What is wrong with them is told by their run.
COMPILE := $(BIN)/python -m compileall -q -j 0 $(ROOMS); $(PYTEST) --collect-only -q >/dev/null || true

# mypy takes one core for a minute and more. What it says comes last, if it has to say something.
check: install ## Format, lint, types and tests: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(BIN)/mypy > $(VENV)/types.txt 2>&1 & types=$$!; trap "kill $$types 2>/dev/null" INT TERM; \
	$(COMPILE); \
	$(PYTEST) $(WORKERS); tests=$$?; \
	wait $$types || { cat $(VENV)/types.txt; exit 1; }; exit $$tests

types: install ## Check the types
	$(BIN)/mypy

check-k8s: install ## Render, validate and cross-check the manifests (make check does, too)
	$(BIN)/pytest tests/k8s

CHECKOV := .venv.checkov
OVERLAYS := local staging regions/us-east-1 regions/eu-west-1 regions/ap-southeast-1
scan-k8s: install ## Scan manifests and Dockerfiles for security with checkov, in an environment of its own
	test -x $(CHECKOV)/bin/checkov || { $(PYTHON) -m venv $(CHECKOV) && $(CHECKOV)/bin/pip install --quiet checkov==3.3.30; }
	rm -rf build/k8s && mkdir -p build/k8s && cp k8s/results-reader.yaml k8s/docker/*.Dockerfile build/k8s
	for overlay in $(OVERLAYS); do \
		$(BIN)/kubectl kustomize k8s/overlays/$$overlay > build/k8s/$$(basename $$overlay).yaml || exit 1; \
	done
	$(CHECKOV)/bin/checkov --config-file k8s/checkov.yaml --skip-download --framework kubernetes dockerfile -d build/k8s

format: install ## Mend what ruff can mend by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

BENCHES := intervals retrieval_quality isolation ceiling switches profiler_cost frame client
bench: install ## Measure what docs/accuracy.md claims (under 15 minutes)
	@missed=""; for part in $(BENCHES); do \
		echo "benchmarks/$$part.py"; $(BIN)/python benchmarks/$$part.py || missed="$$missed $$part"; \
	done; test -z "$$missed" || { echo "missed:$$missed"; exit 1; }

cluster-test: install ## Drive rollouts at a real API server, built first (10 to 40 minutes; then 2 to 8)
	$(BIN)/python tests/cluster/build.py
	$(BIN)/pytest --timeout 600 tests/cluster/rollouts.py

images: install ## Build the images of the manifests with podman (3 GB; 10 minutes on two free cores)
	PYTHON=$(BIN)/python k8s/images.sh

podman-test: install ## Run the manifests in containers, of images built first where they are missing (as root)
	$(BIN)/pytest -rs --timeout 1800 tests/podman/containers.py

fuzz: install ## Fuzz the readers of what services send (FUZZ="--seconds 600")
	$(BIN)/pip install --quiet -c constraints.txt -e '.[fuzz]'
	$(BIN)/python tests/fuzz/readers.py $(FUZZ)

mutations: install ## See that the tests find a dozen faults put into the code (about 3 minutes)
	$(BIN)/python tests/mutations.py

bench-diagnosis: install ## See whether planted bottlenecks are named (about 80 s a case; DIAGNOSIS="--list")
	$(BIN)/python benchmarks/diagnosis.py $(DIAGNOSIS)

case-study: install ## Find and mend what held back a published RAG app (10 minutes, and installing it; can be resumed)
	$(BIN)/python benchmarks/case.py $(CASE_STUDY)

bench-dial: install ## See whether the dial is right about services known to be so (under 10 minutes; DIAL="--times 5")
	$(BIN)/python benchmarks/dial.py $(DIAL)

bench-healthy: install ## See that a healthy app is never accused (149 runs of 40 s; HEALTHY="--runs 20"; can be resumed)
	$(BIN)/python benchmarks/healthy.py $(HEALTHY)

bench-ladder: install ## See whether light loads predict where throughput stops growing (under 10 minutes; can be resumed)
	$(BIN)/python benchmarks/ladder.py $(LADDER)

bench-langchain: install ## Measure what LangChain's default executor and callbacks cost (5 minutes)
	$(BIN)/python benchmarks/langchain.py

bench-pinning: install ## Compare CPUs of their own with shared ones (PINNING="--busy": beside burners)
	$(BIN)/python benchmarks/pinning.py $(PINNING)

bench-side-cost: install ## Measure what collector, probes, exports and profiler cost an app (8 minutes; SIDE_COST="--each")
	$(BIN)/python benchmarks/side_cost.py $(SIDE_COST)

bench-memory: install ## Watch the memory of 500 users for three minutes
	$(BIN)/python benchmarks/memory.py

bench-same: install ## Compare a service with itself, 20 times (about 25 minutes; SAME="--output DIR" can be resumed)
	$(BIN)/python benchmarks/same.py $(SAME)

clean: ## Remove .venv and caches; results stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info build
