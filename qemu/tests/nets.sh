#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The namespaces that rust/tests/nf_test_nets.ko finds, beside what the file system and SO_NETNS_COOKIE tell of them.
. qemu/lib.sh

setup_ns a b c
cookie() { "$@" python3 -c 'import socket; s = socket.socket(); print(int.from_bytes(s.getsockopt(1, 71, 8), "little"))'; }
# there: of init and the namespaces that are named
there() {
	local ns
	echo "inode $(stat --dereference --format=%i /proc/1/ns/net) cookie $(cookie env)"
	for ns; do echo "inode ${inode[$ns]} cookie $(cookie within "$ns")"; done
}
found() {
	mark found
	modload nf_test_nets
	modunload nf_test_nets
	lines '^nf_test_nets: inode' | sed 's/nf_test_nets: //'
}
gone() { [[ $(found) != *"inode ${inode[b]} "* ]]; }

check 'all are found, in the order in which they were made' same "$(there a b c)" "$(found)"
check 'none that there is not' unseen 'one that'
ip netns del b
namespaces=(a c)
check 'one that goes is not kept, and not found' poll gone
