# Environments are made by deploy/environment.py from the lock files in requirements/, and made again when
# a lock file or PYTHON changes. They are independent of each other: the door's never holds a test
# tool, and the tests of the door never see tensorflow.

PYTHON ?= python3
ARGS ?=

DOOR        := .venv
TEST        := .venv-test
WORKSTATION := .venv-workstation
TFLITE      := .venv-tflite
DOCS        := .venv-docs
BENCH       := .venv-bench
PEERS       := .venv-peers
ANSIBLE     := .venv-ansible
LOCK        := .venv-lock

VENV := $(PYTHON) deploy/environment.py
IS_311 := $(shell $(PYTHON) -c 'import sys; print(sys.version_info[:2] == (3, 11))')

# What tflite-runtime must do as well: run the bundle's network, and take part in a whole press.
ENGINE_TESTS := tests/unit/test_engine.py tests/cli/test_demo.py

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint typecheck test-door test-workstation test-tflite test-bundle test-tamper test-faults \
        test-fleet test-workers test-import test-systemd test-unit test-crash test-crash-points test-many test-arm64 bench docs lock dist clean

help:  ## these lines
	@echo "make TARGET, and PYTHON=python3.13 for another Python than python3 (3.11 to 3.13)"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' Makefile

setup:  ## the door's environment in .venv, with the command .venv/bin/onelook
	@$(VENV) --editable $(DOOR) requirements/door.txt requirements/build.txt

demo: setup  ## the whole door, played on this machine; ARGS="--json", "--show", "--images DIR" ...
	@$(DOOR)/bin/python -m edge demo $(ARGS)

test:  ## everything below that checks, all of it, with a summary: what CI runs
	@$(PYTHON) .ci/lanes.py lint,typecheck,test-door test-workstation,test-tflite

lint: $(TEST)  ## ruff: rules and format
	@$(TEST)/bin/ruff check .
	@$(TEST)/bin/ruff format --check .

typecheck: $(TEST)  ## mypy --strict on what decides
	@$(TEST)/bin/mypy --strict edge/contract edge/core

test-door: $(TEST)  ## the door's tests, without tensorflow; ARGS="-k name"
	@$(TEST)/bin/python -m pytest --ignore=tests/workstation $(ARGS)

test-workstation: $(WORKSTATION)  ## the tests of training and conversion, with tensorflow
	@$(WORKSTATION)/bin/python -m pytest tests/workstation $(ARGS)

test-bundle: $(TEST)  ## no changed bit of the shipped bundle is taken; minutes, not in `make test`
	@$(TEST)/bin/python -m pytest tests/bundle/flips.py $(ARGS)

test-tamper: $(TEST)  ## ten thousand spoilt logs, galleries and backups each, none of which passes; a minute
	@TAMPER_TRIALS=10000 $(TEST)/bin/python -m pytest tests/unit/test_chain.py tests/unit/test_tamper.py $(ARGS)

test-faults: $(TEST)  ## a hundred thousand histories of faults through the door's loop, and planted faults; 10 to 20 minutes
	@$(TEST)/bin/python -m pytest -s tests/faults/histories.py $(ARGS)

test-fleet: $(TEST) $(ANSIBLE)  ## doors that tell, at a real mosquitto (apt install mosquitto mosquitto-clients); needs paho-mqtt; HASS=bin/hass for Home Assistant; doors by Ansible, as root; 10 to 20 minutes
	-@tests/fleet/prepare.sh bookworm trixie
	@$(TEST)/bin/python -m pytest tests/fleet/mqtt.py tests/fleet/several.py tests/fleet/units.py tests/fleet/home_assistant.py tests/fleet/ansible_doors.py $(ARGS)

test-workers: $(WORKSTATION)  ## training by several processes, killed and not, and its memory; 15 to 30 minutes; SHARDS=folder of tars of faces
	@$(WORKSTATION)/bin/python -m pytest -s tests/workstation/several.py $(ARGS)

test-import: $(WORKSTATION)  ## two networks of others into bundles; set TEACHERS= and FACES= to folders of them
	@$(WORKSTATION)/bin/python -m pytest -s tests/teachers/imported.py $(ARGS)

test-systemd: $(TEST)  ## installer and services on a real systemd, bookworm and trixie; root, about 5 minutes
	@for suite in bookworm trixie; do tests/systemd/prepare.sh $$suite; done
	@$(TEST)/bin/python -m pytest tests/systemd/units.py $(ARGS)

test-unit: $(TEST)  ## the installed unit in a VM: the kernel's pins, libcamera, systemd; root, 3 to 15 minutes, see tests/doorvm/prepare.sh
	@tests/doorvm/prepare.sh
	@$(TEST)/bin/python -m pytest tests/doorvm/unit.py $(ARGS)

test-crash: test-crash-points  ## test-crash-points, and the plug pulled at any write to the disk of the VM; 2 minutes more, see tests/powercut/cuts.py
	@tests/doorvm/prepare.sh
	@$(TEST)/bin/python -m pytest tests/powercut/cuts.py $(ARGS)

test-crash-points: $(TEST)  ## the power gone after any call of any writer, ten thousand disks read; strace, no root, 4 to 8 minutes
	@$(TEST)/bin/python -m pytest -s tests/crashpoints/crashes.py $(ARGS)

test-many: $(TEST)  ## every command with 1, 100 and 10,000 people; prints how long each took; half a minute
	@$(TEST)/bin/python -m pytest -s tests/people/many.py $(ARGS)

test-arm64: $(TEST) $(TFLITE)  ## both engines, here and on emulated Pis; 5 to 9 minutes, see tests/arm64/run.sh
	@tests/arm64/run.sh $(ARGS)

bench: $(BENCH) $(PEERS)  ## how fast, how small, beside others, in build/bench; 10 minutes; ARGS="--teachers DIR --faces TAR", see docs/performance.md
	@$(BENCH)/bin/python -m bench --peers-python $(PEERS)/bin/python $(ARGS)

ifeq ($(IS_311),True)
test-tflite: $(TFLITE)  ## the engine and a whole press with tflite-runtime (Python 3.11 only)
	@ONELOOK_ENGINE=tflite-runtime $(TFLITE)/bin/python -m pytest $(ENGINE_TESTS) $(ARGS)
else
test-tflite:
	@echo "nothing to do: tflite-runtime has no wheel above Python 3.11"
endif

docs: $(DOCS) $(TEST)  ## the pages as a site in build/site, links checked, their commands run; 1 to 4 minutes; ARGS="-k enrol"
	@$(DOCS)/bin/mkdocs build --strict
	@$(TEST)/bin/python -m pytest tests/docs/test_pages.py tests/docs/site.py tests/docs/commands.py $(ARGS)
	@echo "open build/site/index.html"

workstation: $(WORKSTATION)  ## the environment for python -m train and convert in .venv-workstation

# Not files to make: deploy/environment.py looks itself whether there is anything to do.
.PHONY: workstation $(TEST) $(WORKSTATION) $(TFLITE) $(DOCS) $(BENCH) $(PEERS) $(ANSIBLE) $(LOCK)
$(TEST):
	@$(VENV) --editable $@ requirements/test.txt
$(WORKSTATION):
	@$(VENV) --editable $@ requirements/workstation.txt
$(TFLITE):
	@$(VENV) --editable $@ requirements/tflite.txt
$(DOCS):
	@$(VENV) $@ requirements/docs.txt
$(BENCH):
	@$(VENV) --editable $@ requirements/bench.txt
# All that is needed is listed, so nothing is looked for beside it: dlib would be, which dlib-bin is.
# The models are built by the setuptools of the same list. The bench does without all of this.
$(PEERS):
	-@PIP_NO_DEPS=1 PIP_BUILD_CONSTRAINT=requirements/peers.txt $(VENV) $@ requirements/peers.txt
# The tests do without it, and say so.
$(ANSIBLE):
	-@$(VENV) $@ requirements/ansible.txt
$(LOCK):
	@$(VENV) $@ requirements/lock.txt

# One resolution for everything, of which the smaller files are cuts; tflite-runtime, which needs an
# older numpy, has its own. No index is named: pip asks the one that it is set up for, and the
# hashes say whether it gave the right file. ARGS=--upgrade takes newer versions.
COMPILE = $(LOCK)/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes \
          --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
CUT = -c requirements/workstation.txt
lock: $(LOCK)  ## write requirements/*.txt anew from pyproject.toml; ARGS=--upgrade for newer versions
	@$(COMPILE) $(ARGS) pyproject.toml --universal --extra train --extra workers --extra dev --extra mqtt --group build -o requirements/workstation.txt
	@$(COMPILE) $(ARGS) pyproject.toml --universal $(CUT) --extra dev --extra mqtt --group build -o requirements/test.txt
	@$(COMPILE) $(ARGS) pyproject.toml --universal $(CUT) -o requirements/door.txt
	@$(COMPILE) $(ARGS) pyproject.toml --python-platform linux --extra bookworm -o requirements/door-bookworm.txt
	@$(COMPILE) $(ARGS) --universal $(CUT) --group build -o requirements/build.txt
	@$(COMPILE) $(ARGS) --universal --group docs -o requirements/docs.txt
	@$(COMPILE) $(ARGS) --universal --group ansible -o requirements/ansible.txt
	@$(COMPILE) $(ARGS) --universal --group lock -o requirements/lock.txt
	@$(COMPILE) $(ARGS) pyproject.toml --universal $(CUT) --extra train --group build -o requirements/bench.txt
	@$(COMPILE) $(ARGS) --universal --group peers --emit-build-options --no-binary face-recognition-models -o requirements/peers.txt
	@$(COMPILE) $(ARGS) pyproject.toml --python-platform linux --extra tflite --extra dev --group build -o requirements/tflite.txt

dist: $(TEST)  ## the wheel, with bundles and photographs in it, in dist/
	@$(TEST)/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@ls -l dist

clean:  ## remove environments and everything made; keeps run folders
	rm -rf .venv .venv-* build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
