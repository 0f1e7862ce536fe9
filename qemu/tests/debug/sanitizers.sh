#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What the sanitizer kernel was made for is on, in this boot and in our modules. (That it bites: qemu/vm-test.)
. qemu/lib.sh

debugfs=/sys/kernel/debug
check 'KASAN is on' grep -q 'KernelAddressSanitizer initialized' /run/dmesg
check 'and in our modules: Rust' grep -qw __asan_register_globals <(nm -u "$modules/nf_path/nf_path.ko")
check 'and C' grep -qE '__asan_(load|report_load)' <(nm -u "$modules/netfilter/helpers.o")
check 'kmemleak is on' grep -q 'Kernel memory leak detector initialized' /run/dmesg
modload nf_path
check 'lockdep is on, also with a module of ours' grep -qE 'debug_locks: +1$' /proc/lockdep_stats
check 'a warning panics' same "$(</proc/sys/kernel/panic_on_warn)" 1
for fault in failslab fail_page_alloc; do
	check "$fault is there, with its stack filter" test -e "$debugfs/$fault/require-start"
done
