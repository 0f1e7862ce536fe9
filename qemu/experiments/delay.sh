# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'What does TCP make of packets that are delayed at FORWARD?'
setup 'A probe at the router'\''s forward 0 takes the SYNs that the client sends, and sends them on 300 ms later; then 2500 ms later.' \
	'The client connects.'
retransmitted() { within client nstat -a -s -z TcpRetransSegs | awk '/^TcpRetrans/ { print $2 }'; }
more() { if (($("${@:2}") > $1)); then echo yes; else echo no; fi; }
for v in 4 6; do
	before=$(retransmitted)
	probe router delay hook=forward match="family ipv$v proto tcp sport 4070$v flags S/SA" 'action=delay 300'
	begin=${EPOCHREALTIME/./}
	tcp client "${server[$v]}" 80 "4070$v" 15
	took=$((${EPOCHREALTIME/./} - begin))
	expect "IPv$v, 300 ms: connected in more than that" yes more 300000 echo "$took"
	expect "IPv$v, 300 ms: packets taken" 1 figure delay 'verdict stolen'
	rmdir "$lab/delay"
	probe router delay hook=forward match="family ipv$v proto tcp sport 4080$v flags S/SA" 'action=delay 2500'
	tcp client "${server[$v]}" 80 "4080$v" 15
	expect "IPv$v, 2500 ms: SYN sent again" yes more "$before" retransmitted
	expect "IPv$v, 2500 ms: all of them taken" yes more 1 figure delay 'verdict stolen'
	rmdir "$lab/delay"
done
why 'A stolen packet is the hook'\''s; it goes on, late, behind it, and the connection is made. TCP sends a SYN again after a second' \
	'without an answer, and again after the next (sysctl tcp_syn_linear_timeouts): where the delay is longer the network carries' \
	'them all, and those that come late meet a connection that is there, or is over.'
