# NormScope. `make help` lists the verbs.
#   VENV=folder   where the Python environment lives        PYTHON=/path/to/python3   what makes it
#   PORT=8502     where `make run` serves                    ARGS='-k norms'           what test and bench get on top

VENV ?= .venv
PORT ?= 8501
ARGS ?=
PY := $(VENV)/bin/python

# The first Python from 3.11 to 3.14 that really starts (a version manager's shim may not) and can make environments.
FITS := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)
NO_PYTHON = NormScope needs Python 3.11 to 3.14 with its venv module; python3 here is "$(shell python3 -V 2>&1)". \
	Install one (Debian, Ubuntu: apt-get install python3 python3-venv) or name one: make run PYTHON=/path/to/python3.12

# What is installed is named by the content it came from: an unchanged tree calls no pip, whatever git does to the dates.
RUN_STAMP := $(VENV)/.run-$(shell cksum < requirements.txt | tr ' ' -)
DEV_STAMP := $(VENV)/.dev-$(shell cat requirements.txt requirements-dev.txt | cksum | tr ' ' -)
RAY_STAMP := $(VENV)/.ray-$(shell cat requirements.txt requirements-dev.txt requirements-ray.txt | cksum | tr ' ' -)
PIP := $(PY) -m pip --disable-pip-version-check install

.PHONY: help run test test-slow lint messages bench browser proxies which-python
.DEFAULT_GOAL := help

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUN_STAMP) ## serve the page on http://localhost:8501 (PORT=… changes it)
	@$(PY) -c "$$PORT_IS_FREE" '$(PORT)'
	@echo 'NormScope: http://localhost:$(PORT)  (Ctrl-C stops it)'
	@$(PY) -m streamlit run app.py --server.port $(PORT) --logger.hideWelcomeMessage true & \
	trap "kill $$!; wait $$! 2>/dev/null; exit 0" INT TERM; wait $$! # Ctrl-C is a plain stop, not an aborted command

# Compiled files are kept even where the environment forbids it: each of the many processes would compile all anew.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(PY) -m pytest

test: $(DEV_STAMP) browser ## install what the tests need, then run them: five to eight minutes
	$(PYTEST) $(ARGS)

test-slow: $(DEV_STAMP) $(RAY_STAMP) browser proxies ## run the tests that `test` leaves out: long training, rare paths
	$(PYTEST) -m slow $(ARGS)

lint: $(DEV_STAMP) ## ruff, its formatter, mypy, who imports whom; oxlint for the scripts of the browser
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-logo
	$(VENV)/bin/oxlint --deny-warnings assets tests/assets

messages: $(DEV_STAMP) ## bring the Chinese catalog up to the code, compile it, say what is not translated
	$(PY) -m translation

bench: $(RUN_STAMP) ## measure speed, and what watching costs
	$(PY) -m bench $(ARGS)

$(PY):
	$(if $(PYTHON),,$(error $(NO_PYTHON)))
	@echo 'NormScope: installing into $(VENV), once. PyTorch comes with its CUDA libraries: some 3 GB, some minutes.'
	$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): $(PY)
	$(PIP) -r requirements.txt
	@rm -f $(VENV)/.run-* && touch $@

$(DEV_STAMP): $(RUN_STAMP)
	$(PIP) -r requirements-dev.txt
	@rm -f $(VENV)/.dev-* && touch $@

# For a machine that PyPI has no Ray for: its tests then say so and skip.
$(RAY_STAMP): $(DEV_STAMP)
	@if $(PIP) -r requirements-ray.txt; then rm -f $(VENV)/.ray-* && touch $@; \
	else echo 'Ray cannot be installed here: the tests that need it are skipped'; fi

# The tests that open the real page need Debian's chromium; without a browser they say so and skip. A visitor's browser
# has Chinese characters, Debian's has none of its own.
CHROMIUM := apt-get install -y --no-install-recommends chromium fonts-liberation fonts-wqy-microhei
browser:
	@for name in chromium chromium-browser google-chrome; do \
		command -v $$name >/dev/null && { [ -n "$$(fc-list :lang=zh)" ] || [ "$$(id -u)" != 0 ]; } && exit; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo 'NormScope: installing chromium for the browser tests'; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(CHROMIUM) -qq >/dev/null && exit; \
	fi; \
	echo 'Without chromium the browser tests are skipped; without a Chinese font they draw boxes. To have both: sudo $(CHROMIUM)'

# And the tests of what docs/deployment.md says of a proxy in front need Debian's nginx and Caddy.
PROXIES := apt-get install -y --no-install-recommends nginx-light caddy
proxies:
	@PATH=$$PATH:/usr/sbin; command -v nginx >/dev/null && command -v caddy >/dev/null && exit; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo 'NormScope: installing nginx and Caddy for the tests of proxies'; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(PROXIES) -qq >/dev/null && exit; \
	fi; \
	echo 'Without nginx and Caddy the tests of proxies are skipped. To have both: sudo $(PROXIES)'

which-python: # for .ci/run
	$(if $(PYTHON),,$(error $(NO_PYTHON)))
	@echo '$(PYTHON)'

define PORT_IS_FREE
import errno, socket, sys
port = sys.argv[1]
if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
    sys.exit(f"PORT is a number from 1 to 65535, and this is {port!r}. Try: make run PORT=8501")
for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
    try:
        with socket.socket(family) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: a closed one is no obstacle
            s.bind((host, int(port)))
    except OSError as why:
        if why.errno == errno.EADDRINUSE:
            other = int(port) + 1 if int(port) < 65535 else 8501
            sys.exit(f"The page needs a free port, and {port} is in use by another program. Try: make run PORT={other}")
        if why.errno == errno.EACCES:
            sys.exit(f"Ports below 1024 belong to root, and this is {port}. Try: make run PORT=8501")
endef
export PORT_IS_FREE
