# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'What do hooks around the filter tables see, where nft and legacy iptables filter at the same time?'
setup 'The router drops UDP to port 23 by nft, and then (later registered) UDP to port 24 by iptables-legacy, both at forward 0.' \
	'Probes at forward -1 and 1. Datagrams to ports 23, 24 and 9.'
within router nft -f - <<-'END'
	table inet filter {
		chain forward {
			type filter hook forward priority filter
			meta l4proto udp counter
			udp dport 23 counter drop
		}
	}
END
# nft_counter WHICH: packets of that counter.
nft_counter() { within router nft list table inet filter | grep -oE 'counter packets [0-9]+' | sed -n "$1s/.* //p"; }
legacy_counter() { within router "$1" -L FORWARD -v -x -n | awk '/dpt:24/ { print $1 }'; }
seen=0
dropped=0
for v in 4 6; do
	if ((v == 4)); then iptables='iptables-legacy'; else iptables='ip6tables-legacy'; fi
	within router "$iptables" -A FORWARD -p udp --dport 24 -j DROP
	around "filter$v" forward filter match="family ipv$v proto udp sport 4040$v"
	for port in 23 24 9; do udp client "${server[$v]}" "$port" "4040$v"; done
	settle
	seen=$((seen + 2))
	dropped=$((dropped + 1))
	expect "IPv$v at -1" 3 figure "filter$v-1" packets
	expect "IPv$v, dropped by iptables" 1 legacy_counter "$iptables"
	expect "nft sees, both families" "$seen" nft_counter 1
	expect "dropped by nft, both families" "$dropped" nft_counter 2
	expect "IPv$v at 1" 1 figure "filter$v+1" packets
	within router "$iptables" -F FORWARD
done
expect 'arrived' 2 arrived
rmmod iptable_filter ip6table_filter
why 'Both have a hook at priority 0, and a packet must pass both. The later registered one comes first: nft does not even see what' \
	'iptables has dropped. (iptables-nft is nft: its chains are hooks of the same kind.)'
