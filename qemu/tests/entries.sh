#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Each entry of an array has data of its own, in one namespace, in all, and on a device; and registrations that end together
# wait once (rust/tests/entries.rs). Topology: lib.sh. A chain of the client's at priority 0 stands between the entries, and
# counts.
. qemu/lib.sh

topology
within client nft -f - <<-'END'
	table ip between {
		chain first { type filter hook output priority -30; counter comment "all"; }
		chain middle { type filter hook output priority 0; udp dport 9 counter drop; }
		chain last { type filter hook output priority 25; counter comment "rest"; }
	}
END
# packets CHAIN: that its counter has seen.
packets() { within client nft list chain ip between "$1" | sed -nE 's/.*counter packets ([0-9]+) .*/\1/p'; }
load() { within client insmod "$modules/tests/nf_test_entries.ko" "$@"; }
hook_count() { within client nft list hooks ip | grep -c 'nf_test_entries::Count'; }
datagrams() { for ((i = 0; i < $2; i++)); do udp client "${3-10.0.2.2}" "$1" 5555; done; }
ended_in() { lines 'more ended in' | grep -o '[0-9]* us' | cut -d ' ' -f 1; }

receive server 4444
receive server 4446
mark entries
load more=3
base=$(packets first)
rest=$(packets last)
datagrams 4446 3
datagrams 9 2 2>/dev/null || :
datagrams 4444 1
received server 4446 3
check 'a packet that two entries of one function keep in turn arrives' received server 4444 1
all=$(($(packets first) - base))
rest=$(($(packets last) - rest))
check 'nft counted the drops' same "$((all - rest))" 2
check 'they are in the chain' same "$(hook_count)" 8
mark counts
check 'unloads' modunload nf_test_entries
check 'each entry before the drop has counted all' same "$(lines 'at -[12]0: ' | sort)" "\
nf_test_entries: at -10: $all packets, kept 0
nf_test_entries: at -20: $all packets, kept 0"
check 'each behind it the rest, and has kept one' same "$(lines 'at 20: ')" "\
nf_test_entries: at 20: $rest packets, kept 1
nf_test_entries: at 20: $rest packets, kept 1"
check 'all data are dropped, once' lines 'dropped 10 of their data'
check 'nothing stays' fails hook_count

# Loaded in the client's namespace: one array is in all, also later ones, one on the client's eth0.
within server nft 'table inet in { chain c { type filter hook input priority -1; udp dport 4446 counter; udp dport 4447 counter; }; }'
within client nft -f - <<-'END'
	table netdev eth0 {
		chain in { type filter hook ingress device "eth0" priority -1; udp dport 4448 counter; }
		chain out { type filter hook egress device "eth0" priority -1; udp dport 4446 counter; }
	}
END
# counts NAMESPACE TABLE: packets of its counters, in order.
counts() { within "$1" nft list table "${@:2}" | sed -nE 's/.*counter packets ([0-9]+) .*/\1/p' | xargs; }
mark places
load
check 'whether it is registered is not told where one may not sleep' \
	lines ' is_registered under RCU: Err\(EDEADLK\), now: Ok\(true\)$'
setup_ns later
receive later 4447
datagrams 4446 3
datagrams 4446 2 fd00:2::2
datagrams 4447 1 2>/dev/null || :
udp later 127.0.0.1 4447 5555
udp later ::1 4447 5555
for ip in 10.0.1.2 fd00:1::2; do udp server "$ip" 4448 5555; done
check 'later namespace: has received' received later 4447 2
device_counted() { same "$(counts client netdev eth0)" '2 5'; }
check 'nft has counted on the device' poll device_counted
check 'and in the server' same "$(counts server inet in)" '5 1'
modunload nf_test_entries
check 'all namespaces, later ones too: each entry its own' same "$(lines ': all, ' | sort)" "\
nf_test_entries: all, port 4446: 5
nf_test_entries: all, port 4447: 3"
check 'on a device: each entry its own' same "$(lines 'gress, ' | sort)" "\
nf_test_entries: egress, port 4446: 5
nf_test_entries: ingress, port 4448: 2"

mark together
load more=40
modunload nf_test_entries
together=$(ended_in)
check 'together: all data are dropped, once' lines 'dropped 84 of their data'
mark 'one by one'
load more=40 together=0
modunload nf_test_entries
echo "# 40 registrations ended in $together us together, in $(ended_in) us one by one"
check 'one by one: all data are dropped, once' lines 'dropped 84 of their data'
check 'together is faster' test "$((together * 2))" -lt "$(ended_in)"

mark 'in a hook'
load more=40
check 'in a hook: they are there' same "$(hook_count)" 82
datagrams 4445 1 2>/dev/null || :
only_own() { same "$(hook_count)" 2; }
check 'in a hook: they are gone a moment later' poll only_own
modunload nf_test_entries
check 'in a hook: all data are dropped, once' lines 'dropped 84 of their data'
