# make demo: grade the sample class.   make test: every test.   Each sets everything up by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := pyproject.toml constraints.txt

.PHONY: demo test lint starters clean
.DELETE_ON_ERROR:

demo: $(VENV)/.instructor
	$(BIN)/autograder grade course/sample_class --isolation best --results results/sample_class

test: $(VENV)/.dev
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

starters: $(VENV)/.dev
	$(BIN)/python -m autograder.starters

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; \
	  exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.instructor: $(BIN)/python $(SETUP)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[instructor]'
	@touch $@

$(VENV)/.dev: $(BIN)/python $(SETUP)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.instructor

clean:
	rm -rf $(VENV) results
