# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'What does notrack in the raw table do, and what is seen behind it?'
setup 'The router tracks, but for UDP to port 9 (notrack in a chain at -300). Probes at prerouting -301, -299 and -199.'
track router
within router nft 'table inet raw { chain prerouting { type filter hook prerouting priority raw; udp dport 9 notrack; }; }'
for v in 4 6; do
	for place in raw-1 raw+1 conntrack+1; do
		probe router "$place$v" hook=prerouting "priority=$place" match="family ipv$v proto udp sport 4030$v"
	done
	udp client "${server[$v]}" 9 "4030$v"
	settle
	expect "IPv$v at -301" 'none 1' states "raw-1$v"
	expect "IPv$v at -299" 'untracked 1' states "raw+1$v"
	expect "IPv$v at -199" 'untracked 1' states "conntrack+1$v"
	expect "IPv$v, entries" 0 entries router "$v" -p udp --orig-port-src "4030$v"
done
expect 'arrived' 2 arrived
why 'notrack marks the packet, and the hook at -200 leaves alone what is marked. It must come before -200: that is what the raw' \
	'table is for. Such a packet has no entry, so that no NAT is done to it either.'
