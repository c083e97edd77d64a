# `make` alone prints what there is.
.DEFAULT_GOAL := help

# Equal sources, version and Go give equal bytes, whoever builds them and where.
# Flags of the environment would change them, and so would a workspace around
# this folder. Go stamps version control data into binaries, which also fails in a
# checkout of another owner.
LAMBDA_BUILD = CGO_ENABLED=0 GOOS=linux GOARCH=arm64 GOARM64=v8.0 GOFLAGS=-trimpath GOWORK=off \
	go build -buildvcs=false -tags lambda.norpc -ldflags '-s -w -buildid= -X main.version=$(VERSION)'
# What /crmstatus shows. The SAM CLI builds in a copy that knows no commits, so
# it is told through the environment.
VERSION ?= $(shell git describe --always --dirty 2>/dev/null || echo unknown)
export VERSION
TOOL = go tool -modfile=tools.mod

.PHONY: help
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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
check: ## Check formatting, go.mod, go.sum, vet, staticcheck, imports and dependencies
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not gofmt'ed: $$unformatted"; exit 1; }
	go mod tidy -diff
	go mod download && go mod download -modfile=tools.mod
	go mod verify
	go vet ./...
	$(TOOL) staticcheck ./...
	go test -count=1 -run '^Test(Imports|Modules|Packages|Bootstraps)' .

# VULNDB is the address of a copy of the database, such as file:///srv/vulndb.
.PHONY: vulnerabilities
vulnerabilities: ## Look for known vulnerabilities in what is used; needs a network
	@$(TOOL) govulncheck $(if $(VULNDB),-db "$(VULNDB)") ./... || { status=$$?; test $$status -eq 3 || \
		echo "Nothing was looked for: govulncheck needs the database of Go's vulnerabilities, by the network or from a copy that VULNDB names."; exit $$status; }

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
	$(call within,14400000)
build-TokenRefresh:
	$(LAMBDA_BUILD) -o "$(ARTIFACTS_DIR)/bootstrap" ./functions/token-refresh
	$(call within,10300000)

# The most bytes that a bootstrap may have, about a twentieth more than it had
# when the number was set. What makes it grow makes every cold start longer.
BUDGET = $(1)
within = @size=$$(wc -c < "$(ARTIFACTS_DIR)/bootstrap"); test "$$size" -le $(BUDGET) || { \
	echo "$(ARTIFACTS_DIR)/bootstrap has $$size bytes, and its budget is $(BUDGET): find what has grown with the commands in docs/dependencies.md, and only then raise the number in the Makefile" >&2; exit 1; }

# The second build has another folder and another user's home; what is compiled
# is shared, since with -trimpath it has nothing of either.
.PHONY: reproducible
reproducible: ## Build both functions twice, in two places, and compare the bytes
	@place=$$(mktemp -d) && trap 'rm -rf "$$place"' EXIT && set -e && \
	GOCACHE=$$(go env GOCACHE) GOMODCACHE=$$(go env GOMODCACHE) && export GOCACHE GOMODCACHE && \
	for copy in one other/folder; do \
		mkdir -p "$$place/$$copy" && tar --exclude=./.git --exclude=./build --exclude=./.aws-sam --exclude=node_modules -cf - . | tar -xf - -C "$$place/$$copy"; \
		HOME="$$place/$$copy" USER="$$copy" $(MAKE) --no-print-directory -s -C "$$place/$$copy" build; \
	done; \
	for built in UsersQuery TokenRefresh; do \
		cmp "$$place/one/build/$$built/bootstrap" "$$place/other/folder/build/$$built/bootstrap"; \
		echo "$$built: both builds have the same $$(wc -c < "$$place/one/build/$$built/bootstrap") bytes"; \
	done

# Parameters of template.yaml are given by their names, as in make deploy
# SlackTeams=T0123456789; STACK names another stack than samconfig.toml does.
.PHONY: deploy smoke
deploy: has-go program ## Deploy to AWS; the first time with SlackTeams, OwnerAudience and AdminAudience: see README
	@exec build/crmwho deploy $(if $(STACK),--stack '$(STACK)')
smoke: has-go program ## Ask the deployed bot a signed question
	@exec build/crmwho smoke $(if $(STACK),--stack '$(STACK)')
.PHONY: has-go
has-go:
	@command -v go >/dev/null || { echo "Go 1.26 or later is needed, and go is not there: install it from go.dev/dl or your system's packages"; exit 1; }
