# Everything a person or a machine does with this tree. `make` alone lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-builtin-variables --no-print-directory
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The binary has no C in it, so it builds anywhere and runs anywhere. Only the race detector needs cgo (see race).
export CGO_ENABLED := 0

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# What the SPA's build depends on. Its tests and the Go file that embeds the result are left out: they do not change the result.
WEB_SOURCES := $(shell find web -type f \
	-not -path '*/node_modules/*' -not -path 'web/dist/*' -not -name '*.go' -not -name '*.test.ts' -not -name '*.test.tsx' 2>/dev/null)

# Built from tools/go.mod into bin/tools, each when a target first needs it.
GENERATORS := ogen sqlc
CHECKERS := actionlint golangci-lint oasdiff

.PHONY: help setup dev run gen check test race e2e chaos bench bench-table build web clean versions

help: ## List the targets
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r target text; do printf '  make %-11s %s\n' "$$target" "$$text"; done

setup: versions $(addprefix bin/tools/,$(GENERATORS) $(CHECKERS) gotestsum) web/node_modules/.stamp e2e/node_modules/.stamp tools/node_modules/.stamp ## Fetch and build everything that work on Parley needs
	go mod download

run: build ## Build what changed and start Parley at http://127.0.0.1:8080
	@exec bin/parley serve

dev: build ## Start Parley with people and a room in it, and the web client with reload on save
	@scripts/dev

build: web ## Build bin/parley with the web client inside
	go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/parley ./cmd/parley

web: versions web/dist/index.html ## Build the web client into web/dist

gen: $(addprefix bin/tools/,$(GENERATORS)) web/node_modules/.stamp ## Generate code from api/openapi.yaml and the SQL queries
	bin/tools/ogen --config api/ogen.yaml --target internal/contract --package contract --clean api/openapi.yaml
	bin/tools/sqlc generate -f internal/store/sqlc.yaml
	npm --prefix web run gen

check: web $(addprefix bin/tools/,$(GENERATORS) $(CHECKERS)) tools/node_modules/.stamp ## Run every check that needs no server; ONLY="lint drift" runs some
	@scripts/check $(ONLY)

test: build bin/tools/gotestsum e2e/node_modules/.stamp ## Run all tests: Go, web client, browser
	@scripts/test go web e2e

race: web bin/tools/gotestsum ## Run the Go tests under the race detector (needs gcc)
	@scripts/test race

e2e: build e2e/node_modules/.stamp ## Run the browser tests against bin/parley
	@scripts/test e2e

chaos: ## Break everything while people talk and account for every message; FOR=10m and SEED=7 change the run
	go test ./internal/chaos -run 'TestChaos$$' -count=1 -timeout 0 -v -args -for $(or $(FOR),10m) -seed $(or $(SEED),0)

bench: build ## Measure one busy room on this machine
	go run ./bench

bench-table: build ## Measure everything in docs/performance.md that has a bar, in eight minutes
	go build -o bin/bench ./bench
	ulimit -n "$$(ulimit -H -n)" && bin/bench table --save bin/table.json --plot docs/images/growth.svg

clean: ## Remove what was built, not what was fetched and not your data
	rm -rf bin web/dist e2e/results

versions:
	@scripts/versions

bin/tools/actionlint: package := -modfile=actionlint.mod github.com/rhysd/actionlint/cmd/actionlint
bin/tools/golangci-lint: package := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
bin/tools/gotestsum: package := gotest.tools/gotestsum
bin/tools/oasdiff: package := github.com/oasdiff/oasdiff
bin/tools/ogen: package := github.com/ogen-go/ogen/cmd/ogen
bin/tools/sqlc: package := github.com/sqlc-dev/sqlc/cmd/sqlc

bin/tools/%: tools/go.sum tools/actionlint.sum | versions
	GOBIN='$(CURDIR)/bin/tools' go -C tools install $(package)
	@touch $@

# A stamp inside node_modules goes away with it, so removing the folder is enough to fetch it again.
%/node_modules/.stamp: %/package.json %/package-lock.json | versions
	npm --prefix $* ci --no-audit --no-fund
	@mkdir -p $(@D) && touch $@

web/dist/index.html: web/node_modules/.stamp $(WEB_SOURCES)
	npm --prefix web run build
	@touch $@
