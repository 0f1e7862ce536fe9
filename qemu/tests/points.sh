#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Each of the five points sees each packet, with the addresses, ports, devices and namespace that its sender knows, and
# in order of priority. Topology: lib.sh.
. qemu/lib.sh

topology
serve server 80
modload nf_path

c=${inode[client]} r=${inode[router]} s=${inode[server]}

# journey IP CLIENT ROUTER_OUTSIDE SERVER WHAT LENGTH: a packet from client to server, hook by hook. WHAT stands behind the
# addresses.
journey() {
	local ip=$1 inner="$2>$4 $5" outer="$3>$4 $5" rest="$6 mark=0x0 ct"
	seen "ns=$c LOCAL_OUT prio=first in=- out=eth0 $ip $inner ttl=64 $rest=none" \
		"ns=$c LOCAL_OUT prio=last in=- out=eth0 $ip $inner ttl=64 $rest=none" \
		"ns=$c POST_ROUTING prio=first in=- out=eth0 $ip $inner ttl=64 $rest=none" \
		"ns=$c POST_ROUTING prio=last in=- out=eth0 $ip $inner ttl=64 $rest=none" \
		"ns=$r PRE_ROUTING prio=first in=r0 out=- $ip $inner ttl=64 $rest=none" \
		"ns=$r PRE_ROUTING prio=last in=r0 out=- $ip $inner ttl=64 $rest=new" \
		"ns=$r FORWARD prio=first in=r0 out=r1 $ip $inner ttl=63 $rest=new" \
		"ns=$r FORWARD prio=last in=r0 out=r1 $ip $inner ttl=63 $rest=new" \
		"ns=$r POST_ROUTING prio=first in=r0 out=r1 $ip $inner ttl=63 $rest=new" \
		"ns=$r POST_ROUTING prio=last in=r0 out=r1 $ip $outer ttl=63 $rest=new" \
		"ns=$s PRE_ROUTING prio=first in=eth0 out=- $ip $outer ttl=63 $rest=none" \
		"ns=$s PRE_ROUTING prio=last in=eth0 out=- $ip $outer ttl=63 $rest=none" \
		"ns=$s LOCAL_IN prio=first in=eth0 out=- $ip $outer ttl=63 $rest=none" \
		"ns=$s LOCAL_IN prio=last in=eth0 out=- $ip $outer ttl=63 $rest=none"
}

# The points that the router's lines name, in the order in which they were printed.
points() { lines "ns=$r .*$1" | awk '{ printf "%s/%s ", $3, substr($4, 6) }'; }
forwarded='PRE_ROUTING/first PRE_ROUTING/last FORWARD/first FORWARD/last POST_ROUTING/first POST_ROUTING/last '

mark TCP
tcp client 10.0.2.2 80 40004
tcp client fd00:2::2 80 40006
check 'IPv4 TCP SYN' journey IPv4 10.0.1.2:40004 10.0.2.1:40004 10.0.2.2:80 'TCP flags=S' len=60
check 'IPv6 TCP SYN' journey IPv6 '[fd00:1::2]:40006' '[fd00:2::1]:40006' '[fd00:2::2]:80' 'TCP flags=S' len=80
check 'IPv4 TCP SYN: in order of priority' same "$(points ':40004>.* flags=S ')" "$forwarded"
check 'IPv6 TCP SYN: in order of priority' same "$(points ':40006>.* flags=S ')" "$forwarded"
check 'IPv4 answer: NAT undone, established' seen \
	"ns=$r PRE_ROUTING prio=first in=r1 out=- IPv4 10.0.2.2:80>10.0.2.1:40004 TCP flags=SA ttl=64 len=60 mark=0x0 ct=none" \
	"ns=$r PRE_ROUTING prio=last in=r1 out=- IPv4 10.0.2.2:80>10.0.1.2:40004 TCP flags=SA ttl=64 len=60 mark=0x0 ct=established-reply" \
	"ns=$c LOCAL_IN prio=first in=eth0 out=- IPv4 10.0.2.2:80>10.0.1.2:40004 TCP flags=SA ttl=63 len=60 mark=0x0 ct=none"
check 'IPv6 answer: NAT undone, established' seen \
	"ns=$r PRE_ROUTING prio=first in=r1 out=- IPv6 [fd00:2::2]:80>[fd00:2::1]:40006 TCP flags=SA ttl=64 len=80 mark=0x0 ct=none" \
	"ns=$r PRE_ROUTING prio=last in=r1 out=- IPv6 [fd00:2::2]:80>[fd00:1::2]:40006 TCP flags=SA ttl=64 len=80 mark=0x0 ct=established-reply" \
	"ns=$c LOCAL_IN prio=first in=eth0 out=- IPv6 [fd00:2::2]:80>[fd00:1::2]:40006 TCP flags=SA ttl=63 len=80 mark=0x0 ct=none"

mark UDP
udp client 10.0.2.2 80 40004
udp client fd00:2::2 80 40006
check 'IPv4 UDP' journey IPv4 10.0.1.2:40004 10.0.2.1:40004 10.0.2.2:80 UDP len=34
check 'IPv6 UDP' journey IPv6 '[fd00:1::2]:40006' '[fd00:2::1]:40006' '[fd00:2::2]:80' UDP len=54
# Nobody listens there: the server's error comes back by way of the datagram's connection.
check 'IPv4 ICMP error: related' lines "ns=$r FORWARD prio=last in=r1 out=r0 IPv4 10.0.2.2>10.0.1.2 ICMP type=3 code=3 .* ct=related-reply"
check 'IPv6 ICMPv6 error: related' lines "ns=$r FORWARD prio=last in=r1 out=r0 IPv6 fd00:2::2>fd00:1::2 ICMPv6 type=1 code=4 .* ct=related-reply"

mark ICMP
echo_request client 10.0.2.2 404
echo_request client fd00:2::2 406
check 'IPv4 ICMP' journey IPv4 10.0.1.2 10.0.2.1 10.0.2.2 'ICMP type=8 code=0 id=404 seq=1' len=84
check 'IPv6 ICMPv6' journey IPv6 fd00:1::2 fd00:2::1 fd00:2::2 'ICMPv6 type=128 code=0 id=406 seq=1' len=104

mark 'the router itself'
echo_request client 10.0.1.1 414
echo_request client fd00:1::1 416
check 'IPv4 for the router: to LOCAL_IN, not FORWARD' same "$(points 'IPv4 .* type=8 .* id=414 ')" \
	'PRE_ROUTING/first PRE_ROUTING/last LOCAL_IN/first LOCAL_IN/last '
check 'IPv6 for the router: to LOCAL_IN, not FORWARD' same "$(points 'IPv6 .* type=128 .* id=416 ')" \
	'PRE_ROUTING/first PRE_ROUTING/last LOCAL_IN/first LOCAL_IN/last '
echo_request router 10.0.2.2 424
echo_request router fd00:2::2 426
check 'IPv4 from the router: LOCAL_OUT and POST_ROUTING' same "$(points 'IPv4 .* type=8 .* id=424 ')" \
	'LOCAL_OUT/first LOCAL_OUT/last POST_ROUTING/first POST_ROUTING/last '
check 'IPv6 from the router: LOCAL_OUT and POST_ROUTING' same "$(points 'IPv6 .* type=128 .* id=426 ')" \
	'LOCAL_OUT/first LOCAL_OUT/last POST_ROUTING/first POST_ROUTING/last '
