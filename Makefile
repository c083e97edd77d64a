# `make` alone prints what there is.
.DEFAULT_GOAL := help

# Go stamps version control data into binaries, which fails in a checkout of
# another owner and makes equal sources unequal.
LAMBDA_BUILD = CGO_ENABLED=0 GOOS=linux GOARCH=arm64 \
	go build -buildvcs=false -trimpath -tags lambda.norpc -ldflags '-s -w -buildid= -X main.version=$(VERSION)'
# What /crmstatus shows. The SAM CLI builds in a copy that knows no commits, so
# it is told through the environment.
VERSION ?= $(shell git describe --always --dirty 2>/dev/null || echo unknown)
export VERSION
TOOL = go tool -modfile=tools.mod

.PHONY: help
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run program
run: program ## Open a page on this computer that plays Slack, with the bot behind it
	@exec build/crmwho serve
program:
	@go build -buildvcs=false -ldflags '-X main.version=$(VERSION)' -o build/crmwho ./cmd/crmwho

.PHONY: test
test: ## Run every test, with Go alone
	CGO_ENABLED=0 go test ./...

.PHONY: race
race: ## Run every test with the race detector; needs a C compiler
	CGO_ENABLED=1 go test -race ./...

.PHONY: check
check: ## Check formatting, go.mod, vet, staticcheck and the import rules
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not gofmt'ed: $$unformatted"; exit 1; }
	go mod tidy -diff
	go vet ./...
	$(TOOL) staticcheck ./...
	go test -run '^TestImports' .

# The tests need what the page does not: Node.js, npm and a browser.
BROWSER = internal/local/browser
CHROMIUM ?= /usr/bin/chromium
# Where the tour leaves its pictures. They show no commit's version, so that they
# change with what they show alone.
PICTURES ?= docs
export CHROMIUM

.PHONY: browser tour has-browser
browser: has-browser program $(BROWSER)/node_modules/.package-lock.json ## Try the page in a browser; needs Node.js, npm and Chromium
	@node --test --test-reporter=tap $(BROWSER)/*.test.mjs
tour: VERSION = 1.2.3
tour: has-browser program $(BROWSER)/node_modules/.package-lock.json ## Take README's pictures anew, into PICTURES
	@node $(BROWSER)/tour.mjs "$(PICTURES)"
has-browser:
	@for needed in node npm "$(CHROMIUM)"; do command -v "$$needed" >/dev/null || { \
		echo "make browser and make tour need Node.js, npm and Chromium, and $$needed is not there: install it, or name your Chromium with CHROMIUM=PATH"; exit 1; }; done
$(BROWSER)/node_modules/.package-lock.json: $(BROWSER)/package-lock.json
	@cd $(BROWSER) && npm ci && touch node_modules/.package-lock.json

.PHONY: golden
golden: ## Rewrite the golden files of the messages and slack-manifest.yaml; read the diff
	go test ./internal/slackfmt -update
	go test ./cmd/crmwho -run '^TestManifestInTheRepository$$' -update

.PHONY: build
build: ## Build both Lambda functions into build/
	$(MAKE) --no-print-directory build-UsersQuery ARTIFACTS_DIR=build/UsersQuery
	$(MAKE) --no-print-directory build-TokenRefresh ARTIFACTS_DIR=build/TokenRefresh

# What `sam build` calls, by the functions' names in template.yaml.
.PHONY: build-UsersQuery build-TokenRefresh
build-UsersQuery:
	$(LAMBDA_BUILD) -o "$(ARTIFACTS_DIR)/bootstrap" ./functions/users-query
build-TokenRefresh:
	$(LAMBDA_BUILD) -o "$(ARTIFACTS_DIR)/bootstrap" ./functions/token-refresh

# Parameters that are not given stay as they are in a stack that exists.
# The outer quotes are the shell's, the inner ones the SAM CLI's.
parameter = $(if $($(1)),'$(2)="$($(1))"')
GIVEN = DATA_CENTRE SLACK_TEAMS PEOPLE OWNERS ADMINS CONTACT AUDIT_CHANNEL AUDIT_SCHEDULE AUDIT_TIME_ZONE EXTRA
unquoted = $(foreach name,$(GIVEN),$(if $(findstring ",$($(name)))$(findstring ',$($(name))),$(error $(name) has a quote in it: give it without)))
PARAMETERS = $(strip $(call parameter,DATA_CENTRE,DataCentre) $(call parameter,SLACK_TEAMS,SlackTeams) \
	$(call parameter,PEOPLE,PeopleAudience) $(call parameter,OWNERS,OwnerAudience) $(call parameter,ADMINS,AdminAudience) $(call parameter,CONTACT,Contact) \
	$(call parameter,AUDIT_CHANNEL,AuditChannel) $(call parameter,AUDIT_SCHEDULE,AuditSchedule) $(call parameter,AUDIT_TIME_ZONE,AuditTimeZone) $(EXTRA))

.PHONY: deploy
deploy: ## Deploy to AWS; the first time with SLACK_TEAMS, OWNERS, ADMINS and DATA_CENTRE: see README
	@$(unquoted)command -v sam >/dev/null || { echo "make deploy needs the AWS SAM CLI: install it, then try again"; exit 1; }
	sam build
	sam deploy $(if $(PARAMETERS),--parameter-overrides $(PARAMETERS)) || { echo "If parameters are missing: the first deployment needs SLACK_TEAMS, OWNERS and ADMINS. README, \"Deploy\", step 1, says why."; exit 1; }
	@echo "Next: the Slack app and the secrets; README, \"Deploy\", from step 2."
