# Each target makes its own environment first; nothing needs to be activated.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
export PIP_CONSTRAINT = $(CURDIR)/constraints.txt

.PHONY: help demo dashboard test extras slow bench check docs wheel clean

help:           ## what there is
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile | expand -t 12

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -e '.[dev]'
	@touch $@

demo: $(VENV)/.ready   ## simulate, ingest, ask, open a task, fit a baseline, score it by stratum
	$(BIN)/lrbstore demo build/demo

dashboard: $(VENV)/.dashboard   ## the demo's store in a browser, on this machine alone: http://127.0.0.1:8501
	$(BIN)/lrbstore dashboard --store build/demo/store

$(VENV)/.dashboard: $(VENV)/.ready
	$(PIP) install -e '.[dev,dashboard]'
	@touch $@

test: $(VENV)/.ready   ## the quick tests, under five minutes on two cores
	$(BIN)/python -m pytest -q -n 2

extras: $(VENV)/.extras   ## what some slow tests need: PyTorch, Hugging Face's datasets, Streamlit, a browser's driver (over a gigabyte)

$(VENV)/.extras: $(VENV)/.dashboard
	$(PIP) install -e '.[dev,dashboard,browser,torch,hf]'
	@touch $@

slow: $(VENV)/.ready   ## the slow tests: whole real files, faults, memory, the built wheel with types and layers
	$(BIN)/python -m pytest -q -n 2 -m slow

bench: $(VENV)/.bench   ## each measure beside its peer, as ratios within one run, in one table; nothing else should be running
	$(BIN)/python tests/benchmarks/run.py

$(VENV)/.bench: $(VENV)/.extras
	$(PIP) install -e '.[dev,dashboard,browser,torch,hf,bench]'
	@touch $@

check: $(VENV)/.ready   ## format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

docs: $(VENV)/.ready   ## renew the generated parts of the READMEs
	$(BIN)/python tests/generated_docs.py

wheel: $(VENV)/.ready   ## build the wheel into dist/
	rm -rf build/lib build/bdist.*
	$(BIN)/python -m build --wheel

clean:          ## remove what was built
	rm -rf build dist $(VENV)
