#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Programs made by tcpdump match what tcpdump means by them (rust/tests/nf_test_filter.ko runs them), and texts that are
# no programs are refused with the reason and the place. Topology: lib.sh.
. qemu/lib.sh

topology
serve server 80
modload nf_test_filter
program=/sys/kernel/debug/nf_test_filter/program

# write TEXT: in one piece.
write() {
	echo "$1" >/run/text
	dd if=/run/text of="$program" bs=1M status=none
}
compile() { tcpdump -y RAW -ddd "$@" 2>/dev/null; }
# use EXPRESSION: runs it from now on.
use() {
	compile "$1" >"$program"
	mark "$1"
}
# traffic: 2 ICMP, 2 ICMPv6, 1 UDP each, TCP; through LOCAL_OUT of the client and of the server, PRE_ROUTING of all three.
traffic() {
	echo_request client 10.0.2.2 404
	echo_request client fd00:2::2 406
	udp client 10.0.2.2 53 40014
	udp client fd00:2::2 53 40016
	tcp client 10.0.2.2 80 40004
	tcp client fd00:2::2 80 40006
}
matches() { lines '^nf_test_filter: ' | sed 's/^nf_test_filter: //' | sort | uniq -c | sed 's/^ *//'; }

use 'udp port 53'
traffic
# Matched where it is sent and where it arrives, twice: router and server. The ICMP errors are none.
check 'udp port 53' same "$(matches)" '1 LOCAL_OUT proto=17 len=34 returns 262144
1 LOCAL_OUT proto=17 len=54 returns 262144
2 PRE_ROUTING proto=17 len=34 returns 262144
2 PRE_ROUTING proto=17 len=54 returns 262144'
use 'icmp[icmptype] == icmp-echo or icmp6[icmp6type] == icmp6-echo'
traffic
check 'echo requests of both' same "$(matches)" '1 LOCAL_OUT proto=1 len=84 returns 262144
1 LOCAL_OUT proto=58 len=104 returns 262144
2 PRE_ROUTING proto=1 len=84 returns 262144
2 PRE_ROUTING proto=58 len=104 returns 262144'
use 'tcp[tcpflags] == tcp-syn and src host 10.0.1.2'
traffic
check 'a SYN, until its source is rewritten' same "$(matches)" '1 LOCAL_OUT proto=6 len=60 returns 262144
1 PRE_ROUTING proto=6 len=60 returns 262144'
use 'ip6 and tcp dst port 80'
traffic
check 'nothing of IPv4' unseen 'len=60'
check 'IPv6 TCP' lines 'PRE_ROUTING proto=6 len=80 returns 262144'
use 'greater 1000'
traffic
within client ping -q -c 1 -s 972 10.0.2.2 >/dev/null
check 'by length' same "$(matches)" '2 LOCAL_OUT proto=1 len=1000 returns 262144
4 PRE_ROUTING proto=1 len=1000 returns 262144'
# The first word is version, header length, service and total length.
write '4,32 0 0 0,21 0 1 1157627938,6 0 0 7,6 0 0 0'
mark commas
udp client 10.0.2.2 53 40024
udp client fd00:2::2 53 40026
check 'commas; loads begin at the network header' same "$(matches)" '1 LOCAL_OUT proto=17 len=34 returns 7
2 PRE_ROUTING proto=17 len=34 returns 7'
write $'2\n48 0 0 9\n22 0 0 0'
mark accumulator
udp client 10.0.2.2 53 40034
check 'gives what the program returns: here the protocol' lines 'LOCAL_OUT proto=17 len=34 returns 17'

# wrong REASON TEXT
wrong() {
	mark wrong
	check "refused: $1" fails write "$2"
	check "and says so: $1" lines "^nf_test_filter: (BPF program: )?$1\$"
}
wrong 'line 2, column 5: not a decimal number' '1
6 0 0x 0'
wrong 'line 2, column 3: larger than 255' '1
6 0256 0 0'
wrong 'line 1, column 1: larger than 4294967295' 4294967296
wrong 'line 2, column 6: a number is missing; an instruction is: code jt jf k' '1
6 0 0'
wrong 'line 2, column 9: more than is expected; .*' '1
6 0 0 0 0'
wrong 'line 1, column 1: 2 instructions announced, 1 there' '2,6 0 0 0'
wrong 'line 1, column 1: 1 instructions announced, 2 there' '1,6 0 0 0,6 0 0 0'
wrong 'line 1, column 3: more than is expected; .*' '6 0 0 0'
wrong 'line 1, column 1: not a decimal number' -1
# What the kernel itself refuses: a jump too far, a division by zero, no return, nothing, too much.
for bytes in '2,5 0 0 1,6 0 0 0' '2,52 0 0 0,6 0 0 0' '1,48 0 0 9' '0' "5000$(yes ',6 0 0 0' | head -n 5000 | tr -d '\n')"; do
	wrong 'not a valid BPF program' "$bytes"
done


# At a device's egress a buffer begins with the link layer's header, and programs still with the network's.
echo >"$program"
compile 'udp port 53' >/run/text
# Not `within`, which mounts a /sys of the namespace.
nsenter --net=/run/netns/client dd if=/run/text of="${program%/*}/egress" status=none
mark egress
udp client 10.0.2.2 53 40044
udp client fd00:2::2 53 40046
udp client 10.0.2.2 54 40054
check 'egress' same "$(matches)" '1 EGRESS len=34 and 34 after
1 EGRESS len=54 and 54 after'

# Exchanged while it runs.
ip netns exec client ping -q -f 10.0.2.2 >/dev/null &
for _ in {1..5}; do
	compile 'icmp and ip[8] == 1' >"$program"
	compile 'ip6' >"$program"
done
kill $!
check 'exchanged under traffic, and unloads' modunload nf_test_filter
