#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Each well-known stage is attributed: a chain at each drops the datagrams to one port, and nf_path names it, so often as nft
# has counted. (Hooks at equal priorities: path_shared.sh.) Topology: lib.sh.
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
} | within router nft -f -
modload nf_path

# counted CHAIN: by nft.
counted() { within router nft list chain inet st "$1" | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p'; }

# attributed PORT TEXT: so many drops of datagrams to that port are said to be by that.
attributed() { lines "DROPPED by $2.*, NETFILTER_DROP in [^;]*;.*:$1 UDP\$" | wc -l; }
all() { (($(lines "DROPPED by .*:$1 UDP\$" | wc -l) == $2)); }

mark stages
for port in {1001..1009} 2000; do
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

check 'what nobody drops is delivered' received server 2000 6
