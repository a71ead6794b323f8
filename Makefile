# The two commands of the README: `make train` and `make test`. Both make the virtual environment they need.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUNS := runs/nine_weights
DATA := data/nine_weights.csv

# hundreds of processes import this checkout, each of which would compile it anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: train replay test test-all test-slow mutants attack check docs bench evidence part clean

train: $(VENV)/.train
	@echo "== building nine_weights: deriving, verifying, writing generated/"
	$(BIN)/symgraph build
	@echo "== checking its gradient against differences of its values"
	$(BIN)/symgraph gradcheck nine_weights --data $(DATA)
	@echo "== training it with three optimizers"
	@mkdir -p $(RUNS)
	$(BIN)/symgraph train nine_weights --data $(DATA) --optimizer vanilla,momentum,adam --seed 42 --no-shuffle \
		--save $(RUNS)/weights.json --plot $(RUNS)/loss.svg
	@echo "weights and plots are in $(RUNS)"
	@echo "next: $(BIN)/symgraph predict nine_weights --weights $(RUNS)/weights-adam.json --data $(DATA)"

replay: $(VENV)/.train
	$(BIN)/python -m examples.nine_weights --data $(DATA)

test: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 --dist worksteal -q -m "not slow" $(OPTIONS)

test-all: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 --dist worksteal -q

test-slow: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 --dist worksteal -q -m slow

# Each fault of tools/mutants.toml must make one of the tests fail that its row names.
mutants: $(VENV)/.test
	$(BIN)/python tools/mutants.py

# The tenth that .ci/run takes of what is too long for each run: the next one, before each submission.
part:
	@echo $$(( ($$(cat .ci/part) + 1) % 10 )) > .ci/part

# Hostile files, names, streams, signals and calls: make attack PART=3/10 for the fourth tenth.
PART ?= 0/1
attack: $(VENV)/.test
	$(BIN)/python tests/attack --part $(PART)

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --strict generated
	$(BIN)/symgraph build --check

# The site, in build/site. Warnings are errors, links among them; examples run, and what changed since the last time is built.
# Then its pages are run: each command and each line of code prints what the page shows.
docs: $(VENV)/.docs $(VENV)/.test
	$(BIN)/python -m sphinx -W --keep-going -q -j 2 -b html -c docs . build/site
	$(BIN)/python -m pytest -n 2 --dist worksteal -q tests/test_readme.py tests/test_guides.py tests/test_typed_pages.py
	@echo "next: open build/site/index.html in a browser"

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/speed.py

# The tables that the documents show, each written by the script that measures it; hours, on a quiet machine.
EVIDENCE := intervals.py fits.py starts.py rules.py passes.py

evidence: $(VENV)/.test $(VENV)/.bench
	@set -e; for script in $(EVIDENCE); do \
		echo "== benchmarks/$$script --write"; $(BIN)/python benchmarks/$$script --write; done
	@echo "== bridges to the libraries themselves, and modules on arrays of PyTorch and JAX"
	$(BIN)/python -m pytest -q -rs tests/use/bridges tests/compiler/backends/test_array_api.py
	@echo "== benchmarks/accuracy.py: results/accuracy.txt and .png"
	$(BIN)/python benchmarks/accuracy.py
	@echo "== benchmarks/speed.py: RESULTS.md"
	$(BIN)/python benchmarks/speed.py

# One environment for all; each extra is installed into it when it is first needed.
$(VENV)/.train: EXTRA := plot,fit
$(VENV)/.test: EXTRA := test
$(VENV)/.docs: EXTRA := docs
$(VENV)/.bridges: EXTRA := torch,jax
$(VENV)/.bench: EXTRA := bench
$(VENV)/.train $(VENV)/.test $(VENV)/.docs $(VENV)/.bridges $(VENV)/.bench: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "symgraph needs Python 3.11 or newer, and $(PYTHON) is older or missing; name another: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "== installing symgraph with '$(EXTRA)' into $(VENV), which takes a minute or two"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRA)]'
	@touch $@

clean:
	rm -rf $(VENV) runs build dist docs/gallery docs/reference/api .pytest_cache .mypy_cache .ruff_cache
