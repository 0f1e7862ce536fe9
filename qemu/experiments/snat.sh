# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'What do hooks around source NAT see, of first and later packets, in both directions?'
setup 'The router masquerades what leaves by r1. Probes at postrouting 99 and 101 see what the client sends, probes at prerouting' \
	'-101 and -99 the answers.'
within router nft 'table inet nat { chain postrouting { type nat hook postrouting priority srcnat; oifname "r1" masquerade; }; }'
for v in 4 6; do
	port=4020$v
	around "asked$v" postrouting srcnat match="family ipv$v proto tcp sport $port"
	around "answer$v" prerouting dstnat match="family ipv$v proto tcp dport $port"
	tcp client "${server[$v]}" 80 "$port"
	for packet in first last; do
		expect "IPv$v, $packet packet at 99" "$(ends "${client[$v]}" "$port" "${server[$v]}" 80)" flow "asked$v-1" "$packet"
		expect "IPv$v, $packet packet at 101" "$(ends "${far[$v]}" "$port" "${server[$v]}" 80)" flow "asked$v+1" "$packet"
		expect "IPv$v, $packet answer at -101" "$(ends "${server[$v]}" 80 "${far[$v]}" "$port")" flow "answer$v-1" "$packet"
		expect "IPv$v, $packet answer at -99" "$(ends "${server[$v]}" 80 "${client[$v]}" "$port")" flow "answer$v+1" "$packet"
	done
done
why 'The mirror image of dnat: the source is rewritten at 100 of postrouting, behind all filters, which so see the true one; and in' \
	'answers the destination goes back at -100 of prerouting, before the packet is routed.'
