# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'Where must a mark be set for policy routing to see it?'
setup 'Packets with mark 7 have a routing table of their own on client and router, which says: unreachable. A probe sets the mark at' \
	'the client'\''s output (with and without a new route), or at the router'\''s prerouting or forward. Pings are answered:'
for ns in client router; do
	for v in 4 6; do
		ip -n "$ns" "-$v" rule add fwmark 7 table 7
		ip -n "$ns" "-$v" route add unreachable default table 7
	done
done
for v in 4 6; do
	expect "IPv$v, no mark" 2 pings client "${server[$v]}" 2
	while IFS=: read -r ns hook action answered; do
		probe "$ns" mark hook="$hook" match="${echoes[$v]}" "action=$action"
		expect "IPv$v, $ns $hook, $action" "$answered" pings client "${server[$v]}" 2
		rmdir "$lab/mark"
	done <<-'END'
		client:output:mark 7:2
		client:output:mark 7 reroute:0
		router:prerouting:mark 7:0
		router:forward:mark 7:2
	END
done
for ns in client router; do
	for v in 4 6; do ip -n "$ns" "-$v" rule del fwmark 7 table 7; done
done
why 'A received packet is routed after prerouting: a mark set there counts, one set at forward comes too late. What a host sends has' \
	'been routed before output: a mark set there counts only if the packet is routed again, as chains of nft'\''s type route and the' \
	'mangle table do, and a probe that is told to.'
