# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'Does a probe show up in the paths that nf_path prints?'
setup 'At the router a probe at prerouting mangle-1 (-151) sets mark 7 on UDP to port 9, and one at forward 42 drops it. nf_path is' \
	'loaded; a datagram.'
probe router mark hook=prerouting priority=mangle-1 'match=proto udp dport 9' 'action=mark 7'
probe router drop hook=forward priority=42 'match=proto udp dport 9' action=drop
modload nf_path
# said PATTERN: what nf_path's lines say that match, from there on, without their nanoseconds.
said() { lines "^nf_path: .* $1" | sed -E "s/.* ($1)/\1/; s/ [0-9.]+[num]?s / /; s/;.*//"; }
for v in 4 6; do
	mark "path, IPv$v"
	udp client "${server[$v]}" 9 "4090$v"
	expect "IPv$v, at -151" 'PRE_ROUTING -151 nf_lab::probe::Probe [nf_lab]: mark 0x0>0x7' said 'PRE_ROUTING -151 .*mark 0x0>0x7'
	expect "IPv$v, the end" 'DROPPED by 42 nf_lab::probe::Probe [nf_lab], NETFILTER_DROP in nf_hook_slow' said 'DROPPED by'
done
rmmod nf_path
expect 'dropped, as the probe says' 2 figure drop 'verdict drop'
expect 'arrived' 0 arrived
why 'A probe is a hook as any other: nf_path finds it in the chain, stands before it and behind it, and tells the difference.'
