#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# An array of hooks is registered whole or not at all (rust/tests/nf_test_array.ko: count= hooks at LOCAL_OUT, given in
# descending order of priority, in every namespace). Topology: lib.sh.
. qemu/lib.sh

topology
serve server 80

hooks() {
	local ns
	for ns in client router server; do
		echo "$ns:"
		within "$ns" nft list hooks
	done
}
priorities() { within client nft list hooks ip | awk '/nf_test_array/ { printf "%d ", $1 }'; }

before=$(hooks)
mark 'too many'
check 'one hook more than a point takes: insmod fails' fails modload nf_test_array count=1025
check 'with E2BIG' grep -F 'Argument list too long' <(modload nf_test_array count=1025 2>&1)
check 'and nothing of it stays' same "$(hooks)" "$before"
check 'traffic passes' tcp client 10.0.2.2 80 40004

mark eight
modload nf_test_array count=8
check 'the core has them in ascending order' same "$(priorities)" '1 2 3 4 5 6 7 8 '
echo_request client 10.0.2.2 4
check 'each is called' same 8 "$(lines "^nf_test_array: .*ns=${inode[client]} " | wc -l)"
check 'unloads' modunload nf_test_array
check 'and nothing of it stays' same "$(hooks)" "$before"
