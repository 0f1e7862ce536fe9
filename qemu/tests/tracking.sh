#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A module turns connection tracking on, in one namespace or in all, and off again, whichever goes first: it or the
# namespace (rust/tests/nf_test_tracking.ko). Nobody else here wants any.
# Own guest: nf_conntrack is not loaded at first, and it leaks memory on purpose.
. qemu/lib.sh

setup_ns one two
module=$modules/tests/nf_test_tracking.ko

# tracked NAMESPACE: both families' hooks are there, and packets make entries.
tracked() {
	(($(hooks "$1") == 2)) || return 1
	within "$1" ping -q -c 1 127.0.0.1
	within "$1" ping -q -c 1 ::1
	within "$1" conntrack -L -p icmp 2>/dev/null | grep -F 'src=127.0.0.1 dst=127.0.0.1 type=8'
	within "$1" conntrack -L -f ipv6 -p icmpv6 2>/dev/null | grep -F 'src=::1 dst=::1 type=128'
}
hooks() { within "$1" nft list hooks | grep -cE 'ipv[46]_conntrack_in|ipv[46]_conntrack_local' | awk '{ print $1 / 2 }'; }
untracked() { (($(hooks "$1") == 0)); }
# References to nf_conntrack that are not other modules' link-time ones.
held() { lsmod | awk '$1 == "nf_conntrack" { print $3 - split($4, users, ",") }'; }

check 'the module depends on no other' same "$(modinfo -F depends "$module")" ''
check 'nf_conntrack is not loaded' fails test -e /sys/module/nf_conntrack
check 'loads' insmod "$module"
check 'and brings nf_conntrack' test -e /sys/module/nf_conntrack
check 'and holds it' same "$(held)" 2
check 'on in a namespace' tracked one
check 'and in the other' tracked two
ip netns add later
ip -n later link set lo up
check 'and in one that comes later' tracked later
ip netns del later
check 'unloads' rmmod nf_test_tracking
check 'off' untracked one
check 'off in the other' untracked two
check 'nf_conntrack is held no more' same "$(held)" 0

ip netns exec one insmod "$module" all=0
check 'on in one namespace' tracked one
check 'off in the other' untracked two
ip netns add later
check 'off in one that comes later' untracked later
ip netns del later
rmmod nf_test_tracking
check 'off again' untracked one

# Two at once: an nft rule and the module; either may go first.
within one nft 'add table ip t; add chain ip t c { type filter hook input priority 0; }; add rule ip t c ct state new'
ip netns exec one insmod "$module" all=0
within one nft delete table ip t
check 'the rule has gone, the module has not' tracked one
rmmod nf_test_tracking
check 'both have gone' untracked one

ip netns add passing
ip netns exec passing insmod "$module" all=0
ip netns del passing
check 'the namespace goes first' fails ip netns exec passing true
# Namespaces are taken down in the background, the last step after all of ours.
sleep 2
check 'then the module' rmmod nf_test_tracking

insmod "$module" leak=1
check 'leaked: on' tracked one
check 'unloads' rmmod nf_test_tracking
check 'and off it is' untracked one
check 'nf_conntrack may go' rmmod nft_ct nf_conntrack_netlink nf_conntrack
for _ in {1..5}; do
	ip netns add passing
	insmod "$module"
	ip netns del passing
	rmmod nf_test_tracking
done
check 'namespaces and modules come and go' untracked one
forgive_leaks
