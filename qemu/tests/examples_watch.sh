#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The examples that only look at packets (rust/examples/): what they print. Topology: lib.sh.
. qemu/lib.sh

topology
serve server 80

# printed EXAMPLE PATTERN LINE...: the lines of the example that match are these, in this order.
printed() {
	local name=$1 pattern=$2
	shift 2
	same "$(log | sed -n "s/^nf_example_$name: //p" | grep -E -e "$pattern")" "$(printf '%s\n' "$@")"
}

example print_packets
echo_request client 10.0.2.2 4
echo_request client fd00:2::2 6
udp client 10.0.2.2 9 40004
udp client fd00:2::2 9 40006
tcp client 10.0.2.2 80 40014
check 'print_packets: IPv4 ICMP, there and back' printed print_packets 'ICMP type [08]' \
	'10.0.1.2>10.0.2.2 ICMP type 8 code 0' '10.0.2.1>10.0.2.2 ICMP type 8 code 0' \
	'10.0.2.2>10.0.2.1 ICMP type 0 code 0' '10.0.2.2>10.0.1.2 ICMP type 0 code 0'
check 'print_packets: IPv6 ICMPv6, there and back' printed print_packets 'ICMPv6 type 12[89]' \
	'fd00:1::2>fd00:2::2 ICMPv6 type 128 code 0' 'fd00:2::1>fd00:2::2 ICMPv6 type 128 code 0' \
	'fd00:2::2>fd00:2::1 ICMPv6 type 129 code 0' 'fd00:2::2>fd00:1::2 ICMPv6 type 129 code 0'
check 'print_packets: IPv4 UDP' printed print_packets 'UDP 40004>9' \
	'10.0.1.2>10.0.2.2 UDP 40004>9' '10.0.2.1>10.0.2.2 UDP 40004>9'
check 'print_packets: IPv6 UDP' printed print_packets 'UDP 40006>9' \
	'fd00:1::2>fd00:2::2 UDP 40006>9' 'fd00:2::1>fd00:2::2 UDP 40006>9'
check 'print_packets: TCP SYN and its answer' printed print_packets 'TCP .* (S|SA)$' \
	'10.0.1.2>10.0.2.2 TCP 40014>80 S' '10.0.2.1>10.0.2.2 TCP 40014>80 S' \
	'10.0.2.2>10.0.2.1 TCP 80>40014 SA' '10.0.2.2>10.0.1.2 TCP 80>40014 SA'
check 'print_packets: unloads' unexample print_packets

example hook_order
udp client 10.0.2.2 9 40004
udp client fd00:2::2 9 40006
check 'hook_order: IPv4' printed hook_order '10.0.*>10.0.2.2$' \
	'A at FORWARD: 10.0.1.2>10.0.2.2' 'B at FORWARD: 10.0.1.2>10.0.2.2' 'C at LOCAL_IN: 10.0.2.1>10.0.2.2'
check 'hook_order: IPv6' printed hook_order 'fd00:.*>fd00:2::2$' \
	'A at FORWARD: fd00:1::2>fd00:2::2' 'B at FORWARD: fd00:1::2>fd00:2::2' 'C at LOCAL_IN: fd00:2::1>fd00:2::2'
check 'hook_order: nft names them' same \
	"$(within router nft list hooks ip | awk '/hook_order/ { print $1, $2 }' | paste -sd ' ')" \
	"0000000000 nf_example_hook_order::Named<'C'> -0000000001 nf_example_hook_order::Named<'A'> +0000000001 nf_example_hook_order::Named<'B'>"
check 'hook_order: unloads' unexample hook_order

example conntrack_peek
tcp client 10.0.2.2 80 40024
tcp client fd00:2::2 80 40026
# The client's namespace has no rule that wants tracking, the router's has.
check 'conntrack_peek: IPv4 SYN' printed conntrack_peek '10.0.1.2>.* TCP 40024>80 S ' \
	'10.0.1.2>10.0.2.2 TCP 40024>80 S before: none' '10.0.1.2>10.0.2.2 TCP 40024>80 S after: none' \
	'10.0.1.2>10.0.2.2 TCP 40024>80 S before: none' '10.0.1.2>10.0.2.2 TCP 40024>80 S after: new'
check 'conntrack_peek: IPv6 SYN' printed conntrack_peek 'fd00:1::2>.* TCP 40026>80 S ' \
	'fd00:1::2>fd00:2::2 TCP 40026>80 S before: none' 'fd00:1::2>fd00:2::2 TCP 40026>80 S after: none' \
	'fd00:1::2>fd00:2::2 TCP 40026>80 S before: none' 'fd00:1::2>fd00:2::2 TCP 40026>80 S after: new'
# At -199 the answer to a masqueraded connection still has the router's address.
check 'conntrack_peek: IPv4 answer' printed conntrack_peek '>10.0.2.1 TCP 80>40024 SA ' \
	'10.0.2.2>10.0.2.1 TCP 80>40024 SA before: none' '10.0.2.2>10.0.2.1 TCP 80>40024 SA after: none' \
	'10.0.2.2>10.0.2.1 TCP 80>40024 SA before: none' '10.0.2.2>10.0.2.1 TCP 80>40024 SA after: established-reply'
check 'conntrack_peek: IPv6 answer' printed conntrack_peek '>fd00:2::1 TCP 80>40026 SA ' \
	'fd00:2::2>fd00:2::1 TCP 80>40026 SA before: none' 'fd00:2::2>fd00:2::1 TCP 80>40026 SA after: none' \
	'fd00:2::2>fd00:2::1 TCP 80>40026 SA before: none' 'fd00:2::2>fd00:2::1 TCP 80>40026 SA after: established-reply'
check 'conntrack_peek: unloads' unexample conntrack_peek

bridge_topology
for host in left:1 right:2; do
	ip -n "${host%:*}" link set eth0 address "02:00:00:00:00:0${host#*:}"
	# On a slow machine a host would ask for the other once more.
	within "${host%:*}" sysctl --quiet net.ipv4.neigh.eth0.delay_first_probe_time=1000
done
example watch_lan
echo_request left 10.0.3.2 4
# The request goes to the bridge itself too.
check 'watch_lan: ARP where it is sent and received' printed watch_lan '^(who has 10.0.3.2|10.0.3.2 is at)' \
	'who has 10.0.3.2? tell 10.0.3.1' 'who has 10.0.3.2? tell 10.0.3.1' 'who has 10.0.3.2? tell 10.0.3.1' \
	'10.0.3.2 is at 02:00:00:00:00:02' '10.0.3.2 is at 02:00:00:00:00:02'
check 'watch_lan: ARP and ping over the bridge, one way' printed watch_lan '^b0>b1 02:00:00:00:00:01>(ff|02:)' \
	'b0>b1 02:00:00:00:00:01>ff:ff:ff:ff:ff:ff' 'b0>b1 02:00:00:00:00:01>02:00:00:00:00:02'
check 'watch_lan: and the other' printed watch_lan '^b1>b0 02:00:00:00:00:02>02:' \
	'b1>b0 02:00:00:00:00:02>02:00:00:00:00:01' 'b1>b0 02:00:00:00:00:02>02:00:00:00:00:01'
check 'watch_lan: unloads' unexample watch_lan

example reset_sender
mark 'resets'
fails tcp client 10.0.2.2 81 40024 2>/dev/null
fails tcp client fd00:2::2 81 40026 2>/dev/null
check 'reset_sender: IPv4 reset, and who sent it' printed reset_sender 'port 81>40024|tcp_v4_send_reset|tcp_v4_rcv$' \
	'reset 10.0.2.2>10.0.2.1 port 81>40024, sent by' '  tcp_v4_send_reset' '  tcp_v4_rcv'
check 'reset_sender: IPv6 reset, and who sent it' printed reset_sender 'port 81>40026|tcp_v6_send_reset|tcp_v6_rcv$' \
	'reset fd00:2::2>fd00:2::1 port 81>40026, sent by' '  tcp_v6_send_reset' '  tcp_v6_rcv'
check 'reset_sender: unloads' unexample reset_sender
