# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'What do hooks around destination NAT see, of first and later packets, in both directions?'
setup 'On the router TCP to its port 8080 goes to port 80 of the server. Probes at prerouting -101 and -99 see what the client' \
	'sends, probes at postrouting 99 and 101 the answers.'
within router nft -f - <<-'END'
	table inet nat {
		chain prerouting {
			type nat hook prerouting priority dstnat
			ip daddr 10.0.1.1 tcp dport 8080 dnat ip to 10.0.2.2:80
			ip6 daddr fd00:1::1 tcp dport 8080 dnat ip6 to [fd00:2::2]:80
		}
	}
END
for v in 4 6; do
	port=4010$v
	probe router "before$v" hook=prerouting priority=dstnat-1 match="family ipv$v proto tcp sport $port"
	probe router "after$v" hook=prerouting priority=dstnat+1 match="family ipv$v proto tcp sport $port"
	probe router "answer_before$v" hook=postrouting priority=srcnat-1 match="family ipv$v proto tcp dport $port"
	probe router "answer_after$v" hook=postrouting priority=srcnat+1 match="family ipv$v proto tcp dport $port"
	tcp client "${near[$v]}" 8080 "$port"
	asked=$(ends "${client[$v]}" "$port" "${near[$v]}" 8080)
	became=$(ends "${client[$v]}" "$port" "${server[$v]}" 80)
	answer=$(ends "${server[$v]}" 80 "${client[$v]}" "$port")
	answered=$(ends "${near[$v]}" 8080 "${client[$v]}" "$port")
	for packet in first last; do
		expect "IPv$v, $packet packet at -101" "$asked" flow "before$v" "$packet"
		expect "IPv$v, $packet packet at -99" "$became" flow "after$v" "$packet"
		expect "IPv$v, $packet answer at 99" "$answer" flow "answer_before$v" "$packet"
		expect "IPv$v, $packet answer at 101" "$answered" flow "answer_after$v" "$packet"
	done
done
why 'The rule is asked for the first packet only; the hook at -100 then rewrites every packet of the connection. In answers it is' \
	'the source that goes back, and sources are rewritten at 100 of postrouting: each of NAT'\''s hooks does one end of a packet.'
