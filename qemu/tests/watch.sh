#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Stamps tell chains apart, also those that stand where another has been (rust/tests/nf_test_watch.ko).
. qemu/lib.sh

# watched: there is a probe on the core's function.
watched() { grep -w __nf_hook_entries_free /sys/kernel/debug/kprobes/list; }

modload nf_test_watch
check 'one that is dropped where one may not sleep stays' watched
check 'unloads' modunload nf_test_watch
check 'and goes with the module' fails watched
check 'none where there is no hook; the same until a hook comes or goes there' \
	lines '^nf_test_watch: none at first: true, some then: true, the same: true$'
check 'no chain is taken for one before it' lines '^nf_test_watch: of 40 chains, taken for one before: 0$'
check 'nor by a watch that begins later' lines '^nf_test_watch: by a later watch: 0$'
check 'no watch where one may not sleep' lines '^nf_test_watch: under RCU: true$'
