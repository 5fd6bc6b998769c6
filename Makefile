# Every target that needs an environment makes it. `make help` prints the lines that begin with ##.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := pyproject.toml constraints.txt
PIP := $(BIN)/python -m pip install --quiet -c constraints.txt
PAGES ?= results/pages
NBGRADER ?= classroom
LESSONS ?= en
# Compiled once: what pytest rewrites takes five seconds of every process else, where images for CI
# forbid Python to keep it.
TESTS := $(BIN)/python -m compileall -q autograder && PYTHONDONTWRITEBYTECODE= \
  $(BIN)/python -m pytest -n 3 --no-loadscope-reorder --durations 20

.PHONY: help linux demo check test long lint starters mistakes lessons pages notebooks gpu installs clean
.DELETE_ON_ERROR:

## help: this list
help:
	@sed -n 's/^## \([a-z]*\): /\1\t/p' Makefile | expand -t 12

linux:
	@[ "$$(uname -s)" = Linux ] || { \
	  echo "Grading needs Linux: use the container or WSL 2, as docs/faq.md says."; exit 1; }

## demo: grade the sample class; its pages are in results/sample_class
demo: linux $(VENV)/.instructor
	$(BIN)/autograder grade course/sample_class --isolation best --results results/sample_class || \
	  [ $$? = 3 ] # one student's files cannot be read

## check: style, types and the quick tests, while you work
check: lint
	$(TESTS) -m 'not (attacks or clock or long or mutation or notebooks or sandbox)'

## test: every test that CI runs
test: $(VENV)/.dev
	$(TESTS) -m 'not long'

## long: every test there is, before a release
long: $(VENV)/.dev
	$(TESTS)
	[ "$$(id -u)" != 0 ] || tests/as_a_user.sh

## lint: look at style and types, as CI does
lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

## starters: make exercises/ from solutions/
starters: $(VENV)/.dev
	$(BIN)/python -m autograder.release.starters

## mistakes: make course/known_mistakes.json, by which students' local runs know the known mistakes
mistakes: $(VENV)/.dev
	$(BIN)/python -m autograder.mistakes.publish

## lessons: make the lessons' pages and notebooks in course/units, which a release copies
lessons: $(VENV)/.course
	$(BIN)/python -m autograder.notebooks.lessons

## pages: make the lessons as web pages, in results/pages or PAGES=DIR
pages: $(VENV)/.course
	$(BIN)/python -m autograder.notebooks.pages '$(PAGES)'

## notebooks: make the lessons as a course of nbgrader, in classroom or NBGRADER=DIR, LESSONS=zh
notebooks: $(VENV)/.course
	$(BIN)/python -m autograder.notebooks '$(NBGRADER)' --lang $(LESSONS)

## gpu: all that only a machine with a GPU can show; its figures are in results/gpu.json
gpu: $(VENV)/.dev
	$(BIN)/autograder doctor
	$(BIN)/autograder bench gpu

## installs: try the installs that users have (gigabytes), or some: ROWS='pip lowest'
installs: $(VENV)/.dev
	$(PIP) uv
	$(BIN)/python tests/installs.py $(ROWS)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; \
	  exit 1; }
	$(PYTHON) -m venv $(VENV)

# PyTorch's CPU build, a tenth of what pip takes by itself on Linux. Few tries: some networks do
# not let its index through.
$(VENV)/.torch: $(BIN)/python $(SETUP)
	$(PIP) --retries 1 --timeout 5 --index-url https://download.pytorch.org/whl/cpu torch || \
	  echo "PyTorch's own index was not reached: pip takes the PyTorch that it finds elsewhere."
	@touch $@

$(VENV)/.instructor: $(VENV)/.torch
	$(PIP) -e '.[instructor]'
	@touch $@

$(VENV)/.course: $(VENV)/.torch
	$(PIP) -e '.[instructor,course]'
	@touch $@ $(VENV)/.instructor

$(VENV)/.dev: $(VENV)/.torch
	$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.instructor $(VENV)/.course

## clean: remove the environment and the results
clean:
	rm -rf $(VENV) results
