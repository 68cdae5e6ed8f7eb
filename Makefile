# The commands of twill. Each sets itself up: what is missing is installed, configured and built.
#
#     make run        make test        make help

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run search test test-asan test-tsan bench lint format docs install clean ci-long

# Where make install puts things; DESTDIR goes before it.
PREFIX ?= /usr/local

# For the scripts: make test REPEAT=20 FILTER=channel, make bench SUITE=map, make run ARGS=--quick.
export REPEAT FILTER SUITE PORT

# With ccache, what one clone compiled serves another.
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r t d; \
	    do printf 'make %-10s %s\n' "$$t" "$$d"; done

run: ## build twill and show what it does: twill demo (ARGS=... for the demo)
	@scripts/setup run
	@scripts/build release twill_command
	@build/release/bin/twill demo $(ARGS)

search: ## search /usr/include and /usr/share/doc in the browser (PORT=8080, FOLDERS="...")
	@scripts/setup search
	@scripts/build release example_search
	@scripts/search $(FOLDERS)

test: ## build and run all tests (REPEAT=n: n times; FILTER=regex: only those)
	@scripts/setup test
	@scripts/build release
	@scripts/test release

test-asan: ## the same under the address and undefined-behaviour sanitizers
	@scripts/setup test
	@scripts/build asan
	@scripts/test asan

test-tsan: ## the same under the thread sanitizer
	@scripts/setup test
	@scripts/build tsan
	@scripts/test tsan

bench: ## measure twill beside its peers (SUITE=name: one suite)
	@scripts/setup bench
	@scripts/build release
	@scripts/bench $(SUITE)

lint: ## check format, likely mistakes, headers and house rules
	@scripts/setup lint
	@scripts/build release
	@scripts/lint

format: ## bring all sources into format
	@scripts/setup lint
	@scripts/lint --fix-format

docs: ## check the links of the pages and compile their snippets
	@scripts/setup test
	@scripts/lint links
	@scripts/build release
	@FILTER='^snippet/' scripts/test release

install: ## install headers, library and command into PREFIX (/usr/local), below DESTDIR
	@scripts/setup run
	@scripts/build release twill_libraries twill_command
	@cmake --install build/release --prefix $(PREFIX) >build/install.log || { cat build/install.log; exit 1; }
	@echo "installed into $(DESTDIR)$(PREFIX)"

ci-long: ## what CI has no time for: other Debians, everything twenty times (needs root)
	@scripts/ci-long

clean: ## remove what was built
	@rm -rf build
