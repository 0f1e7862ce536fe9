# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'What does a drop leave in the conntrack table, before tracking, after it, and in the filter table?'
setup 'The router tracks, and counts the packets of each entry. UDP is dropped by a probe at prerouting -201 or -199, or by a' \
	'rule at forward 0: the first packet of a connection, or its second.'
track router
within router sysctl -q net.netfilter.nf_conntrack_acct=1
# drop_at PLACE, pass: where it is dropped, and that no longer.
drop_at() {
	case $1 in
	filter) within router nft 'table inet judge { chain forward { type filter hook forward priority filter; udp dport 9 drop; }; }' ;;
	*) probe router drop hook=prerouting "priority=conntrack$1" 'match=proto udp dport 9' action=drop ;;
	esac
}
pass() { if [[ $1 == filter ]]; then within router nft delete table inet judge; else rmdir "$lab/drop"; fi; }
counted() { within router conntrack -L -f "ipv$1" -p udp --orig-port-src "$2" 2>/dev/null | sed -E 's/.*dport=9 packets=([0-9]+) .*/\1/' | head -n 1; }
port=41000
for v in 4 6; do
	for place in -1 +1 filter; do
		case $place in -1) at=-201 ;; +1) at=-199 ;; *) at='filter table' ;; esac
		port=$((port + 1))
		drop_at "$place"
		udp client "${server[$v]}" 9 "$port"
		settle
		expect "IPv$v, first packet, $at: entries" 0 entries router "$v" -p udp --orig-port-src "$port"
		pass "$place"
		udp client "${server[$v]}" 9 "$port"
		expect "IPv$v, not dropped: entries" 1 entries router "$v" -p udp --orig-port-src "$port"
		drop_at "$place"
		udp client "${server[$v]}" 9 "$port"
		if [[ $place == -1 ]]; then packets=1 && settle; else packets=2; fi
		expect "IPv$v, second packet, $at: packets counted" "$packets" counted "$v" "$port"
		pass "$place"
	done
done
expect 'arrived' 6 arrived
statistics() { within router conntrack -S | grep -oE '\b(drop|insert_failed)=[0-9]+' | awk -F = '{ sum[$1] += $2 } END { print "drop " sum["drop"] ", insert_failed " sum["insert_failed"] }'; }
expect 'statistics' 'drop 0, insert_failed 0' statistics
why 'A connection is entered into the table when its first packet has passed all other hooks and is about to leave, or to be' \
	'delivered (nf_confirm, at INT_MAX): dropped before, wherever, it leaves nothing. Once there is an entry, the hook at -200 counts each packet in it: one dropped at -199 or in the' \
	'filter table has been counted and has prolonged its life, one dropped at -201 has not. What conntrack -S calls drop are its own.'
