#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# nf_path loads and unloads, idle and under traffic, and leaves nothing behind. Topology: lib.sh.
. qemu/lib.sh

topology
serve server 80

cycles() {
	local i
	for ((i = 0; i < $1; i++)); do
		modload nf_path "${@:2}"
		modunload nf_path
	done
}

before=$(hooks)
modload nf_path
loaded=$(hooks)
# Namespaces and families that list a rung at this hook.
with_rungs() {
	awk -v hook="hook $1 " '/^[a-z]+:$/ { net = $1 } /^family/ { family = $2 } /hook/ { here = index($0, hook) }
		here && /nf_path/ { found[net, family] } END { for (i in found) n++; print n + 0 }' <<<"$loaded"
}
for hook in prerouting input forward output postrouting; do
	check "nft lists rungs at $hook in each namespace, IPv4 and IPv6" same 6 "$(with_rungs "$hook")"
done
modunload nf_path
check 'nft lists none after rmmod' same "$(hooks)" "$before"

mark idle
cycles 10
check '10 cycles, idle' same 10 "$(lines '^nf_path: unloaded: ' | wc -l)"

# Traffic of both families all the time, on both processors.
ip netns exec client ping -q -f 10.0.2.2 >/tmp/ping4 &
ping4=$!
ip netns exec client ping -q -f fd00:2::2 >/tmp/ping6 &
ping6=$!
mark traffic
cycles 10 rate=10
check '10 cycles under traffic' same 10 "$(lines '^nf_path: unloaded: ' | wc -l)"
check 'the traffic was seen' lines '^nf_path: unloaded: [1-9][0-9]* packets'
kill -INT "$ping4" "$ping6"
wait "$ping4" "$ping6" || :
check 'IPv4 traffic went on' grep -E '[1-9][0-9]* received' /tmp/ping4
check 'IPv6 traffic went on' grep -E '[1-9][0-9]* received' /tmp/ping6
check 'a connection passes afterwards' tcp client 10.0.2.2 80 40004
check 'nft lists none after all' same "$(hooks)" "$before"
