# SPDX-License-Identifier: GPL-2.0-only
# The verbs a person types; `make help` lists them. All work is done in the build root (scripts/enter), which is made
# when it is first needed; with KDIR=/path/to/kernel/build the modules are built here, for that kernel.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c

# A kernel of the user's own is built for with the machine's own tools.
kbuild := $(if $(KDIR),scripts/kbuild --kdir='$(KDIR)',scripts/enter scripts/kbuild)
sources = $(shell find rust -name '*.rs' -not -path '*/target/*')

.PHONY: modules run test test-debug selftests lab bench shell fmt fmt-check clippy shellcheck checkpatch lint doc install clean help

modules: ## build the modules, into build/<kernel release>/ (the default)
	@$(kbuild) modules

run: modules ## boot the stock kernel and show the path of real packets
	@scripts/enter qemu/run

test: ## boot the stock kernel and run all tests; T=name for one
	@$(kbuild) $(if $(filter debug,$(KERNEL)),,bench=y) modules
	@scripts/enter qemu/test $(T)

test-debug: ## the same tests on a sanitizer kernel, which is built first (KASAN, lockdep, kmemleak, ...); T=name for one
	@KERNEL=debug $(MAKE) --no-print-directory test

selftests: modules ## the kernel's own tests of netfilter, without our modules, with them idle, with all traced; T=name for one
	@scripts/enter qemu/selftests $(T)

lab: modules ## experiments with priorities, explained; EXP=name for one, EXP=list for their names
	@scripts/enter qemu/lab $(EXP)

bench: ## what hooks and tracing cost, in instructions, next to C, BPF, nft and iptables; ACCEL=kvm: in time
	@$(kbuild) bench=y modules
	@scripts/enter qemu/bench $(ACCEL)

shell: modules ## the same machine, interactive
	@scripts/enter qemu/shell

fmt: ## format the Rust sources
	@scripts/enter rustfmt $(sources)

fmt-check: ## are the Rust sources formatted?
	@scripts/enter rustfmt --check $(sources)

clippy: ## the kernel's lints, warnings are errors
	@scripts/enter scripts/kbuild --output=clippy CLIPPY=1 KRUSTFLAGS=-Dwarnings bench=y modules

shellcheck: ## check the shell scripts
	@scripts/enter shellcheck --external-sources --check-sourced \
		$$(grep -rlE --exclude-dir={.git,build,target} '^(#!.*sh|# shellcheck shell=bash.*)$$' .)

checkpatch: ## check the C sources
	@scripts/enter bash -c 'perl /lib/modules/$$KERNEL_RELEASE/build/scripts/checkpatch.pl --no-tree --quiet --show-types \
		--file include/*.h include/trace/events/*.h rust/bench/*.h $$(find rust -name "*.c")'

lint: fmt-check clippy shellcheck checkpatch ## all four checks

doc: ## the library's documentation, into build/doc/netfilter/
	@scripts/enter scripts/kbuild --output=doc DOC=y modules
	@echo "build/doc/netfilter/index.html"

install: kdir := $(or $(KDIR),/lib/modules/$(shell uname -r)/build)
install: ## install nf_path and nf_lab for the running kernel, or KDIR's (INSTALL_MOD_PATH is honoured)
	@scripts/kbuild --kdir='$(kdir)' tests= examples= modules
	@scripts/kbuild --kdir='$(kdir)' tests= examples= modules_install
	@depmod --basedir '$(or $(INSTALL_MOD_PATH),/)' "$$(make --silent --directory='$(kdir)' kernelrelease)"

clean: ## remove what was built (the cache stays)
	@rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo '  KDIR=/path/to/kernel/build with modules or install: another kernel than Debian'"'"'s stock kernel'
	@echo '  KERNEL=debug with test, lab, run or shell: the sanitizer kernel in its place'
