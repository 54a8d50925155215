# The commands of this project; `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
INSTALLED := .venv/.installed

# All that the local environment leaves lies in one folder that git ignores.
LOCAL := $(CURDIR)/.argosy/local

# All machines at once, and one bad BMC does not stop the others.
RUN_OPTIONS := --continue-on-error --parallel 64 --suppress-outputs

# The engine's folder first on PATH, the local state, no call home. Teams with a backend of their own do not use
# these targets: they run `pulumi up` themselves (README).
define WITH_ENGINE
engine="$$("$(BIN)/python" engine/ensure.py)"; \
export PATH="$$engine:$(BIN):$$PATH" VIRTUAL_ENV="$(CURDIR)/.venv" \
  PULUMI_HOME="$(LOCAL)/pulumi" \
  PULUMI_BACKEND_URL="file://$(LOCAL)/state?create_dir=true&metadata=skip" \
  PULUMI_CONFIG_PASSPHRASE= PULUMI_SKIP_UPDATE_CHECK=true PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true;
endef

# The engine gives its own lock back, so one that is left is another run's; its message knows `pulumi cancel` alone.
define NAME_RECOVER
if compgen -G "$(LOCAL)/state/.pulumi/locks/*/*/local/*.json" >/dev/null; then \
  echo "make: the stack is locked; if that run was killed: make recover" >&2; \
fi
endef

# What `make env` prints: these alone, since a shell may hold a PULUMI_ACCESS_TOKEN.
EXPORTED := PATH|VIRTUAL_ENV|PULUMI_(HOME|BACKEND_URL|CONFIG_PASSPHRASE|SKIP_UPDATE_CHECK|DISABLE_AUTOMATIC_PLUGIN_ACQUISITION)

.PHONY: help
help: ## List the commands.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 20

$(INSTALLED): requirements.lock pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "make: Argosy needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip' 2>/dev/null \
	  || { echo "make: this Python cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing the locked dependencies into .venv …"
	@"$(PYTHON)" -m venv .venv
	@if command -v uv >/dev/null; then \
	  uv pip install --quiet --python "$(BIN)/python" --require-hashes --requirements requirements.lock; \
	  uv pip install --quiet --python "$(BIN)/python" --no-deps --no-build-isolation --editable .; \
	else \
	  "$(BIN)/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock; \
	  "$(BIN)/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .; \
	fi
	@touch $@

.PHONY: install
install: $(INSTALLED) ## Install the locked dependencies into .venv.

.PHONY: engine
engine: $(INSTALLED) ## Find or build the Pulumi engine, and say where it is.
	@"$(BIN)/python" engine/ensure.py

.PHONY: up
up: $(INSTALLED) ## Bring up the local fleet: simulated servers in two halls.
	@$(WITH_ENGINE) \
	argosy check local; \
	argosy metal simulate local --detach; \
	trap '$(NAME_RECOVER)' ERR; \
	pulumi stack select --create local; \
	pulumi up --stack local --yes $(RUN_OPTIONS) --policy-pack policies; \
	argosy metal status local

.PHONY: env
env: $(INSTALLED) ## Print what a shell needs to run `pulumi` by hand: eval "$(make --silent env)".
	@$(WITH_ENGINE) \
	export -p | grep -E '^declare -x ($(EXPORTED))='

.PHONY: preview
preview: $(INSTALLED) ## Show what `make up` would do, judged by the policies; FLEET=path takes another fleet.
	@$(WITH_ENGINE) \
	pulumi stack select --create local; \
	settings="$(LOCAL)/Pulumi.preview.yaml"; \
	cp stacks/Pulumi.local.yaml "$$settings"; \
	if [ -n "$(FLEET)" ]; then printf 'config:\n  argosy:fleet: %s\n' "$(FLEET)" >>"$$settings"; fi; \
	pulumi preview --stack local --config-file "$$settings" --suppress-outputs --policy-pack policies

.PHONY: recover
recover: $(INSTALLED) ## After a killed `make up`: settle what was under way, and bring up the rest.
	@$(WITH_ENGINE) \
	pulumi stack select --create local; \
	argosy metal recover local --policy-pack policies; \
	argosy metal status local

.PHONY: down
down: $(INSTALLED) ## Take the local fleet down and remove all that it left.
	@$(WITH_ENGINE) \
	if [ -d "$(LOCAL)/state" ]; then \
	  argosy metal simulate local --detach; \
	  pulumi stack select --create local; \
	  ARGOSY_METAL_DELETIONS_PER_RUN=all pulumi destroy --stack local --yes --skip-preview $(RUN_OPTIONS) || argosy metal recover local --down; \
	  pulumi stack rm local --yes --preserve-config; \
	fi; \
	argosy metal simulate local --stop; \
	if compgen -G "$(LOCAL)/state/.pulumi/stacks/*/*.json" >/dev/null; then \
	  echo "kept: other stacks have their state in $(LOCAL)/state"; \
	else \
	  rm -rf "$(LOCAL)"; \
	fi; \
	rmdir .argosy 2>/dev/null || true

.PHONY: test
test: $(INSTALLED) ## Prove the project: unit tests, then real engine and real servers.
	@"$(BIN)/python" -m pytest -n 4 --dist loadgroup

.PHONY: e2e-boot
e2e-boot: $(INSTALLED) ## Install a real operating system on virtual servers through the provider.
	@"$(BIN)/python" -m pytest tests/boot

.PHONY: check
check: $(INSTALLED) ## Lint, types, who imports whom, dependencies.
	@"$(BIN)/ruff" check .
	@"$(BIN)/ruff" format --check .
	@"$(BIN)/pyright"
	@"$(BIN)/lint-imports"
	@"$(BIN)/deptry" src components policies

.PHONY: bench
bench: $(INSTALLED) ## Measure what the documentation claims, each as a ratio of two things in one run.
	@"$(BIN)/python" benchmarks/render.py

.PHONY: bench-planner
bench-planner: $(INSTALLED) ## Measure the planner and the verifier on synthetic fleets of up to 5,000 pools.
	@"$(BIN)/python" benchmarks/planner.py

.PHONY: bench-simulator
bench-simulator: $(INSTALLED) ## Measure a simulator of 10,000 servers against one of 100.
	@"$(BIN)/python" benchmarks/simulator.py

.PHONY: bench-metal
bench-metal: $(INSTALLED) ## Measure 1,000 servers brought up against the limit that their budgets set, and against Ironic.
	@"$(BIN)/python" benchmarks/metal.py

.PHONY: lock
lock: ## Recompile requirements.lock from pyproject.toml (needs uv).
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	  pyproject.toml --all-extras --group test --group check --group build --output-file requirements.lock
	for folder in tests/boot tests/e2e/ironic; do \
	  uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	    "$$folder/requirements.in" --output-file "$$folder/requirements.lock"; \
	done
