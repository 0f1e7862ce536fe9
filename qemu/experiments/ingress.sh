# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'What does a hook at ingress see that no other does?'
setup 'The router tracks. A probe at ingress of its device r0, and one at prerouting first (-2147483648). A ping of 3000 bytes in' \
	'three fragments; then ingress drops.'
track router
for v in 4 6; do
	probe router "first$v" hook=prerouting priority=first match="src ${client[$v]} dst ${server[$v]}"
	probe router "ingress$v" family=netdev hook=ingress device=r0 match="src ${client[$v]} dst ${server[$v]}"
	within client ping -q -c 1 -s 3000 "${server[$v]}" >/dev/null
	expect "IPv$v, ingress" 3 figure "ingress$v" packets
	expect "IPv$v, prerouting first" 3 figure "first$v" packets
	write "ingress$v" active 0
	write "ingress$v" action drop
	write "ingress$v" active 1
	write "first$v" seen 0
	expect "IPv$v, ingress drops: answered" 0 pings client "${server[$v]}" 1
	expect "IPv$v, ingress drops: prerouting first" 0 figure "first$v" packets
done
probe router arp family=netdev hook=ingress device=r0 'match=iif r0'
ip -n client neigh flush dev eth0
pings client "${near[4]}" 1 >/dev/null
expect 'ARP, at ingress' "${client[4]}>${near[4]}" flow arp first
why 'Ingress is called by the device'\''s receive path, before any protocol has looked at the packet: no hook of IP comes before it,' \
	'however early, and it sees what is not IP at all.'
