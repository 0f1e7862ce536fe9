#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Each well-known stage is attributed: a chain at each drops the datagrams to one port, and nf_path names it, so often as nft
# has counted. Chains of two tables at the same priority, with rules of legacy iptables there too, are named together.
# Topology: lib.sh.
. qemu/lib.sh

topology
receive server 2000

# CHAIN HOOK PRIORITY, and the port 1001, 1002, ... that it drops.
stages='at_raw prerouting raw
at_conntrack prerouting -199
at_mangle prerouting mangle
at_dnat prerouting dstnat+1
at_filter forward filter+5
at_security forward security
at_snat postrouting srcnat+1
at_helper postrouting 300
at_last postrouting 2147483647'
{
	echo 'table inet st {'
	port=1000
	while read -r chain hook priority; do
		port=$((port + 1))
		echo "chain $chain { type filter hook $hook priority $priority; udp dport $port counter drop; }"
	done <<<"$stages"
	echo '}'
	echo 'table inet twin { chain other { type filter hook forward priority filter; udp dport 1020 counter drop; }; }'
} | within router nft -f -
within router iptables-legacy -A FORWARD -p udp --dport 1021 -j DROP
modload nf_path

# counted CHAIN: by nft.
counted() { within router nft list chain inet "${2-st}" "$1" | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p'; }

# attributed PORT TEXT: so many drops of datagrams to that port are said to be by that.
attributed() { lines "DROPPED by $2.*, NETFILTER_DROP in [^;]*;.*:$1 UDP\$" | wc -l; }
all() { (($(lines "DROPPED by .*:$1 UDP\$" | wc -l) == $2)); }

mark stages
for port in {1001..1009} 1020 1021 2000; do
	for i in 1 2 3; do
		udp client 10.0.2.2 "$port" $((41000 + i)) 2>/dev/null || :
		udp client fd00:2::2 "$port" $((41000 + i)) 2>/dev/null || :
	done
done
port=1000
while read -r chain hook priority; do
	port=$((port + 1))
	poll all "$port" 6 || :
	number=$(sed -nE "s/.* DROPPED by (-?[0-9]+) inet st $chain .*/\1/p" <<<"$(log)" | sort -u)
	check "$chain, priority $priority ($number): each drop is its, as nft has counted" same \
		"$(counted "$chain") $(lines "DROPPED by .*:$port UDP\$" | wc -l)" "6 $(attributed "$port" "$number inet st $chain \(nft_do_chain_inet\)")"
done <<<"$stages"

# IPv4 has three at priority 0: iptables's, and two of nft; IPv6 two.
poll all 1020 6 || :
poll all 1021 3 || :
twins='0 (.* \| )?inet twin other \(nft_do_chain_inet\) \| inet fw forward \(nft_do_chain_inet\)'
check 'two chains at one priority: both are named' same "$(attributed 1020 "$twins") $(counted other twin)" '6 6'
check 'legacy iptables beside them: all are named' same \
	"$(attributed 1021 '0 .*(ipt_do_table|iptable_filter).*')" 3
check 'what nobody drops is delivered' received server 2000 6
