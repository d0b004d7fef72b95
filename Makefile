# Everything a person types. It needs Python 3 and a network; .ci/bootstrap brings uv and the right Python.
UV := .ci/bootstrap uv
RUN := $(UV) run --frozen
# Running the product needs none of the tools that test and check it.
LOCAL := $(RUN) --no-default-groups --group simulator quayside-local

.DEFAULT_GOAL := help
.PHONY: help run stop reset status sync test check bench deploy api

help: ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /:/' | while IFS=: read -r name what; do printf '  make %-8s %s\n' "$$name" "$$what"; done

run: ## start the whole product on this machine (QUAYSIDE_PORT=8080)
	@$(LOCAL) run

stop: ## stop what run started
	@$(LOCAL) stop

reset: ## stop and delete everything stored (FORCE=1: without asking)
	@$(LOCAL) reset

status: ## what runs, and where
	@$(LOCAL) status || true

sync: ## bring every environment to what uv.lock says
	@$(UV) sync --frozen
	@UV_PROJECT_ENVIRONMENT=.local/aws-venv $(UV) sync --frozen --only-group embedded-aws
	@UV_PROJECT_ENVIRONMENT=.local/sam-venv $(UV) sync --frozen --only-group deploy

test: sync ## every test: unit, integration, contract, end to end in a browser, faults; in random order
	QUAYSIDE_BROWSER="$$(.ci/bootstrap .ci/browser)" $(RUN) pytest -n 2 --dist loadfile --no-loadscope-reorder

check: sync ## lint, types, import contracts, template, API drift, secrets, advisories, IAM
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) cfn-lint template.yaml
	.ci/bootstrap .local/sam-venv/bin/sam validate --lint --region us-east-1
	$(RUN) python -m infra.api.generate --check
	$(RUN) pytest -q -n 0 tests/unit/template
	@# The reviewed findings are read from a copy: a finding that merely moved to another line (status 3) is none.
	cp .secrets.baseline .local/secrets.baseline
	git ls-files -z ':!.secrets.baseline' | xargs -0 sh -c '$(RUN) detect-secrets-hook --baseline .local/secrets.baseline "$$@" || test $$? -eq 3' secrets
	.ci/bootstrap .ci/audit

bench: sync ## every benchmark, into bench.json
	$(RUN) quayside-bench all --json

api: ## write the OpenAPI document anew
	$(RUN) python -m infra.api.generate

PROFILE ?= sandbox
deploy: sync ## deploy to AWS: make deploy PROFILE=sandbox PARAMETERS="AmazonApplicationId=… LwaClientId=…"
	.ci/bootstrap .local/sam-venv/bin/sam build --config-env $(PROFILE)
	.ci/bootstrap .local/sam-venv/bin/sam deploy --config-env $(PROFILE) \
		--parameter-overrides $$(.ci/bootstrap .ci/parameters $(PROFILE) $(PARAMETERS))
