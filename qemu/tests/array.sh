#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# An array of hooks is registered whole or not at all (rust/tests/nf_test_array.ko: count= hooks at LOCAL_OUT, given in
# descending order of priority, in every namespace or with all=0 in that of insmod; leak=1 forgets the registration and
# fails to load). Topology: lib.sh.
# Own guest: it leaks memory on purpose.
. qemu/lib.sh

topology
serve server 80

priorities() { within client nft list hooks ip | awk '/nf_test_array/ { printf "%d ", $1 }'; }
# error MESSAGE PARAMETER...: insmod fails with it.
error() {
	local output
	! output=$(modload nf_test_array "${@:2}" 2>&1) && grep -F "$1" <<<"$output"
}

before=$(hooks)
mark 'too many'
check 'one hook more than a point takes: insmod fails' fails modload nf_test_array count=1025
check 'with E2BIG' error 'Argument list too long' count=1025
check 'and nothing of it stays' same "$(hooks)" "$before"
check 'traffic passes' tcp client 10.0.2.2 80 40004

mark eight
modload nf_test_array count=8
check 'the core has them in ascending order' same "$(priorities)" '1 2 3 4 5 6 7 8 '
echo_request client 10.0.2.2 4
# The client also sends packets that nobody asked for (router solicitations).
calls=$(lines "^nf_test_array: .*ns=${inode[client]} " | wc -l)
check 'each is called' test "$((calls % 8)) $((calls > 0))" = '0 1'
check 'unloads' modunload nf_test_array
check 'and nothing of it stays' same "$(hooks)" "$before"

check 'a module that fails after it has registered: EIO' error 'Input/output error' leak=1
check 'and nothing of it stays' same "$(hooks)" "$before"
check 'the same in one namespace' error 'Input/output error' leak=1 all=0
check 'and nothing of it stays' same "$(hooks)" "$before"
check 'traffic passes' tcp client 10.0.2.2 80 40014

mark 'one namespace'
setup_ns passing
within passing insmod "$modules/tests/nf_test_array.ko" all=0
within passing ping -q -c 1 127.0.0.1 >/dev/null
check 'all=0: called in its namespace' same 16 "$(lines "^nf_test_array: .*ns=${inode[passing]} " | wc -l)"
check 'all=0: registered in no other' same "$(hooks)" "$before"
check 'its namespace goes first' ip netns del passing
namespaces=(client router server)
check 'and then the module' modunload nf_test_array
forgive_leaks
