SHELL := /bin/bash
PYTHON := .venv/bin/python
# One resolver for every file of pins: for all Pythons from 3.11 on, with hashes, without addresses.
COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
# What only the console imports, with what that needs.
CONSOLE := cffi cryptography jinja2 joserfc markupsafe pycparser segno
CODE := functions infra layers tests
# What is compiled once is not compiled again by each process of the tests, whoever says otherwise.
export PYTHONDONTWRITEBYTECODE :=
SEED ?= 1
SAMPLE ?= 60

.DEFAULT_GOAL := help
.PHONY: help setup demo lint check reference picture test lock build deploy bench contract simulation load soak audit mutants clean

help: ## list the targets and what each is for
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

setup: .venv/.ready .emulator/.ready ## make the environments of the project (.venv) and of the embedded AWS (.emulator)

.venv/.ready: requirements-dev.txt pyproject.toml infra/setup.sh
	infra/setup.sh venv
	@touch $@

.emulator/.ready: requirements-emulator.txt infra/setup.sh | .venv/.ready
	infra/setup.sh emulator
	@touch $@

# Only the tests of tests/browser and the picture need one; without it they say so and go on.
.venv/.browser: infra/setup.sh | .venv/.ready
	infra/setup.sh browser && touch $@ || true

demo: setup ## run the main job on a sample, on the embedded AWS
	$(PYTHON) -m infra.demo

lint: setup ## check format, lint, types and the template: the fast part of check, which pre-commit runs
	$(PYTHON) -m ruff format --check $(CODE)
	$(PYTHON) -m ruff check $(CODE)
	$(PYTHON) -m mypy
	.venv/bin/cfn-lint template.yaml

check: lint ## the gate before each commit: lint, and the tests of tests/unit and tests/template
	$(PYTHON) -m pytest -q tests/unit tests/template
	@echo 'Left to `make test`: functions, rights, security, hostile files, simulation, crashes, stories.'

reference: setup ## write the lists in the documents again that the code knows
	$(PYTHON) -m infra.reference

picture: setup .venv/.browser ## take the picture of the console's preview again, for README.md
	$(PYTHON) -m infra.picture

# First what mostly waits for the embedded AWS, more at a time than there are cores; tests/conftest.py
# says what stays together. Then what mostly computes, in the order of folders, so that tests/contract,
# which takes longest, begins early. The simulation patches time and the whole SDK, so it has processes
# of its own; some of it shares itself out.
test: setup .venv/.browser ## run every test; needs several minutes
	$(PYTHON) -m pytest -n 5 --dist loadfile --no-loadscope-reorder --max-worker-restart 0 tests/e2e tests/browser tests/crash
	$(PYTHON) -m pytest -n 3 --dist loadfile --no-loadscope-reorder --max-worker-restart 0 --ignore tests/simulation --ignore tests/e2e --ignore tests/browser --ignore tests/crash
	$(PYTHON) -m pytest -n 3 --dist worksteal -m "not all_cores" tests/simulation
	$(PYTHON) -m pytest -m all_cores tests/simulation

lock: .venv/.ready ## write all pins again, from pyproject.toml
	$(COMPILE) pyproject.toml --all-extras --output-file requirements-dev.txt
	$(COMPILE) pyproject.toml --constraints requirements-dev.txt \
		$(addprefix --no-emit-package ,numpy xlsxwriter $(CONSOLE)) --output-file layers/handover/requirements.txt
	printf '%s\n' jinja2 joserfc segno | $(COMPILE) - --constraints requirements-dev.txt \
		--output-file layers/console/requirements.txt
	echo numpy | $(COMPILE) - --constraints requirements-dev.txt \
		--output-file layers/numpy/requirements.txt
	echo xlsxwriter | $(COMPILE) - --constraints requirements-dev.txt \
		--output-file layers/workbooks/requirements.txt
	$(COMPILE) --group emulator --output-file requirements-emulator.txt
	$(COMPILE) --group audit --output-file requirements-audit.txt
	$(COMPILE) --group peers --output-file requirements-peers.txt

build: ## build the artefacts for AWS (needs the SAM CLI)
	sam build

deploy: build ## deploy to the AWS account of your credentials (needs the SAM CLI)
	sam deploy
	@echo 'The stack is handover-dev. If you have another one, too: export HANDOVER_STACK=handover-dev'

# The benchmark goes on without them.
.peers/.ready: requirements-peers.txt | .venv/.ready
	.venv/bin/uv pip install --quiet --python .venv/bin/python --target .peers/packages -r $< 2>.venv/uv.log || \
		.venv/bin/python -m pip install --quiet --disable-pip-version-check --target .peers/packages -r $<
	@touch $@

bench: setup ## measure speed and memory, into tests/bench/RESULTS.md
	-@$(MAKE) --silent .peers/.ready
	$(PYTHON) -m tests.bench

contract: setup ## ask the API at length whether it keeps its description
	CONTRACT_EXAMPLES=300 $(PYTHON) -m pytest tests/contract

simulation: setup ## simulate every pair of faults, as far as time allows
	$(PYTHON) -m tests.simulation

load: setup ## play the load model at its full size, into tests/load/RESULTS.md
	$(PYTHON) -m tests.load

mutants: setup ## change the code in small ways and see what the fast tests notice: SEED=1 SAMPLE=60
	nice $(PYTHON) -m tests.mutation --seed $(SEED) --sample $(SAMPLE) --page

soak: setup ## put ten minutes of load under faults, added to tests/soak/RESULTS.md
	$(PYTHON) -m tests.soak --output tests/soak/RESULTS.md

# They are larger than everything else together, so only who audits installs them.
.audit/.ready: requirements-audit.txt | .venv/.ready
	$(PYTHON) -m venv --clear .audit
	.venv/bin/uv pip install --quiet --python .audit/bin/python -r $< 2>.audit/uv.log || \
		.audit/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# Nothing is looked up or reported: without a key checkov stays on this machine.
audit: setup .audit/.ready ## run the security scanners; every finding is an error
	$(PYTHON) -m ruff check --select S $(CODE)
	.audit/bin/bandit --quiet --recursive --configfile pyproject.toml functions infra layers/handover
	.audit/bin/cfn-lint template.yaml
	.audit/bin/checkov --config-file .checkov.yaml

clean: ## stop the embedded AWS and remove everything that can be made again
	-@test -x $(PYTHON) && $(PYTHON) -c 'from infra import local; local.down()'
	rm -rf .venv .emulator .audit .peers .build .aws-sam .local .mypy_cache .ruff_cache .pytest_cache .hypothesis
