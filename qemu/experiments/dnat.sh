# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'What do hooks around destination NAT see, of first and later packets, in both directions?'
setup 'On the router TCP to its port 8080 goes to port 80 of the server. Probes at prerouting -101 and -99 see what the client' \
	'sends, probes at postrouting 99 and 101 the answers.'
redirect tcp 8080 80
for v in 4 6; do
	port=4010$v
	around "asked$v" prerouting dstnat match="family ipv$v proto tcp sport $port"
	around "answer$v" postrouting srcnat match="family ipv$v proto tcp dport $port"
	tcp client "${near[$v]}" 8080 "$port"
	asked=$(ends "${client[$v]}" "$port" "${near[$v]}" 8080)
	became=$(ends "${client[$v]}" "$port" "${server[$v]}" 80)
	answer=$(ends "${server[$v]}" 80 "${client[$v]}" "$port")
	answered=$(ends "${near[$v]}" 8080 "${client[$v]}" "$port")
	for packet in first last; do
		expect "IPv$v, $packet packet at -101" "$asked" flow "asked$v-1" "$packet"
		expect "IPv$v, $packet packet at -99" "$became" flow "asked$v+1" "$packet"
		expect "IPv$v, $packet answer at 99" "$answer" flow "answer$v-1" "$packet"
		expect "IPv$v, $packet answer at 101" "$answered" flow "answer$v+1" "$packet"
	done
done
why 'The rule is asked for the first packet only; the hook at -100 then rewrites every packet of the connection. In answers it is' \
	'the source that goes back, and sources are rewritten at 100 of postrouting: each of NAT'\''s hooks does one end of a packet.'
