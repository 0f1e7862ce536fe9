#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Workers end wherever they are dropped, once, and nothing waits for ever (rust/tests/nf_test_worker.ko).
. qemu/lib.sh

# dropped N LINE: the line stands in the log since the mark so often.
dropped() { (($(lines "^nf_test_worker: $2$" | wc -l) == $1)); }

modload nf_test_worker
for name in own left right 'under RCU'; do
	check "dropped $name: its work is dropped" poll dropped 1 "$name: its work is dropped"
done
ip netns add short
check 'a namespace comes and goes' ip netns del short
check 'the worker in its data ends' poll dropped 1 'data of a namespace are dropped'
modunload nf_test_worker
check 'that of the first namespace ends with the module' poll dropped 2 'data of a namespace are dropped'
for name in own left right 'under RCU'; do
	check "dropped $name: once" dropped 1 "$name: its work is dropped"
done
