# The two commands of the README: `make train` and `make test`. Both make the virtual environment they need.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUNS := runs/nine_weights

.PHONY: train test check bench clean

train: $(VENV)/.train
	$(BIN)/symgraph build
	$(BIN)/symgraph gradcheck nine_weights --data data/nine_weights.csv
	@mkdir -p $(RUNS)
	$(BIN)/symgraph train nine_weights --data data/nine_weights.csv --optimizer vanilla,momentum,adam --seed 42 \
		--save $(RUNS)/weights.json --plot $(RUNS)/loss.svg
	@echo "weights and plots are in $(RUNS)"

test: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 -q

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --strict generated
	$(BIN)/symgraph build --check

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/run.py

$(VENV)/.train: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[plot]'
	@touch $@

$(VENV)/.test: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

$(VENV)/.bench: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@

clean:
	rm -rf $(VENV) runs build dist .pytest_cache .mypy_cache .ruff_cache
