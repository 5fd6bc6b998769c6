# make demo: grade the sample class.   make test: every test.   Each sets everything up by itself.
# make pages: the lessons as web pages.   make notebooks: the lessons as a course of nbgrader.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := pyproject.toml constraints.txt
PAGES ?= results/pages
NBGRADER ?= classroom
LESSONS ?= en

.PHONY: demo test lint starters mistakes pages notebooks clean
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

mistakes: $(VENV)/.dev
	$(BIN)/python -m autograder.record

pages: $(VENV)/.course
	$(BIN)/python -m autograder.notebooks.pages '$(PAGES)'

notebooks: $(VENV)/.course
	$(BIN)/python -m autograder.notebooks '$(NBGRADER)' --lang $(LESSONS)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; \
	  exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.instructor: $(BIN)/python $(SETUP)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[instructor]'
	@touch $@

$(VENV)/.course: $(BIN)/python $(SETUP)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[instructor,course]'
	@touch $@ $(VENV)/.instructor

$(VENV)/.dev: $(BIN)/python $(SETUP)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.instructor $(VENV)/.course

clean:
	rm -rf $(VENV) results
