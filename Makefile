# Each target does all its own set-up, into .venv. demo and serve need neither root nor Node.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export OMP_NUM_THREADS := 1

.PHONY: demo serve test lint bench eval a11y fuzz screenshots setup setup-test

setup:
	@$(PYTHON) .ci/install.py
	@$(BIN)/python -W ignore -m biometrics fetch

setup-test:
	@$(PYTHON) .ci/install.py --extra test
	@.ci/packages
	@$(BIN)/python -W ignore -m biometrics fetch

demo: setup
	@$(BIN)/ivr demo

serve: setup
	@$(BIN)/ivr demo --stay

lint: setup-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/lint-imports

test: lint
	@$(BIN)/python -W ignore::SyntaxWarning -m pytest

bench: setup-test
	@$(BIN)/pip install -q -c .ci/constraints.txt gunicorn==27.0.1
	@$(BIN)/python -m tests.bench

# One page: var/eval/report.html. Another model beside ours: make eval SPEAKER_MODEL=directory. Resemblyzer's weights are taken
# out of its wheel for the comparison and nothing of it is installed.
eval: setup-test
	@$(BIN)/python -W ignore -m biometrics evaluate --speech ../shared/speech --report var/eval/report.html \
		--model campplus --model ecapa-telephone --model resemblyzer $(if $(SPEAKER_MODEL),--model $(SPEAKER_MODEL))

# The caller's page for everyone; make test runs these too. axe-core is installed by npm into var/ at its first use.
a11y: setup-test
	@$(BIN)/python -m pytest tests/e2e/test_accessible.py tests/e2e/test_light_page.py tests/unit/engine/test_pace.py

fuzz: setup-test
	@DUET_SEQUENCES=50000 $(BIN)/python -m pytest tests/unit/engine/test_properties.py -s

# The pictures of README.md: a real call, played again.
screenshots: setup-test
	@$(BIN)/python -W ignore -m tests.e2e.screenshots
