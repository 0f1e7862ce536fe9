#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A packet keeps its number from its sender to its receiver, through NAT, and is seen at each point that it passes, with the
# addresses, ports, devices and namespace that its sender knows. Topology: lib.sh.
. qemu/lib.sh

topology
serve server 80
receive server 81
modload nf_path

# points PATTERN: how a packet came to each point.
points() { path "$1" | grep ' in='; }

# journey PATTERN IP CLIENT ROUTER_OUTSIDE SERVER WHAT LENGTH: that of a packet from client to server. WHAT stands behind the
# addresses.
journey() {
	local ip=$2 inner="$3>$5 $6" outer="$4>$5 $6" rest="$7 mark=0x0 ct"
	same "$(points "$1")" "\
client LOCAL_OUT in=- out=eth0 $ip $inner ttl=64 $rest=none
client POST_ROUTING in=- out=eth0 $ip $inner ttl=64 $rest=none
router PRE_ROUTING in=r0 out=- $ip $inner ttl=64 $rest=none
router FORWARD in=r0 out=r1 $ip $inner ttl=63 $rest=new
router POST_ROUTING in=r0 out=r1 $ip $inner ttl=63 $rest=new
server PRE_ROUTING in=eth0 out=- $ip $outer ttl=63 $rest=none
server LOCAL_IN in=eth0 out=- $ip $outer ttl=63 $rest=none"
}

ends() { path "$1" | tail -n 1 | grep -E -e "$2"; }

mark TCP
tcp client 10.0.2.2 80 40004
tcp client fd00:2::2 80 40006
check 'IPv4 TCP SYN' journey ':40004>.* flags=S ' IPv4 10.0.1.2:40004 10.0.2.1:40004 10.0.2.2:80 'TCP flags=S' len=60
check 'IPv6 TCP SYN' journey ':40006>.* flags=S ' IPv6 '[fd00:1::2]:40006' '[fd00:2::1]:40006' '[fd00:2::2]:80' 'TCP flags=S' len=80
check 'IPv4 TCP SYN: delivered' ends ':40004>.* flags=S ' '^server LOCAL_IN DELIVERED; 7 points, '
check 'IPv6 TCP SYN: delivered' ends ':40006>.* flags=S ' '^server LOCAL_IN DELIVERED; 7 points, '

answer() { # PORT IP SERVER ROUTER_OUTSIDE CLIENT LENGTH
	local outer="$3>$4 TCP flags=SA" inner="$3>$5 TCP flags=SA" rest="$6 mark=0x0 ct"
	same "$(points ":80>.*:$1 TCP flags=SA ")" "\
server LOCAL_OUT in=- out=eth0 $2 $outer ttl=64 $rest=none
server POST_ROUTING in=- out=eth0 $2 $outer ttl=64 $rest=none
router PRE_ROUTING in=r1 out=- $2 $outer ttl=64 $rest=none
router FORWARD in=r1 out=r0 $2 $inner ttl=63 $rest=established-reply
router POST_ROUTING in=r1 out=r0 $2 $inner ttl=63 $rest=established-reply
client PRE_ROUTING in=eth0 out=- $2 $inner ttl=63 $rest=none
client LOCAL_IN in=eth0 out=- $2 $inner ttl=63 $rest=none"
}
check 'IPv4 answer: NAT undone, established' answer 40004 IPv4 10.0.2.2:80 10.0.2.1:40004 10.0.1.2:40004 len=60
check 'IPv6 answer: NAT undone, established' answer 40006 IPv6 '[fd00:2::2]:80' '[fd00:2::1]:40006' '[fd00:1::2]:40006' len=80

mark UDP
udp client 10.0.2.2 81 40004
udp client fd00:2::2 81 40006
udp client 10.0.2.2 80 40014
udp client fd00:2::2 80 40016
check 'IPv4 UDP' journey ':40004>' IPv4 10.0.1.2:40004 10.0.2.1:40004 10.0.2.2:81 UDP len=34
check 'IPv6 UDP' journey ':40006>' IPv6 '[fd00:1::2]:40006' '[fd00:2::1]:40006' '[fd00:2::2]:81' UDP len=54
check 'IPv4 UDP: delivered' ends ':40004>' '^server LOCAL_IN DELIVERED; 7 points, '
check 'IPv6 UDP: delivered' ends ':40006>' '^server LOCAL_IN DELIVERED; 7 points, '
# Nobody listens there: the server's error comes back by way of the datagram's connection.
check 'IPv4 UDP without a socket: dropped, and why' ends ':40014>' \
	'^server LOCAL_IN DROPPED after the hooks, NO_SOCKET in .*; 7 points, .*; IPv4 10.0.1.2:40014>10.0.2.2:80 UDP$'
check 'IPv6 UDP without a socket: dropped, and why' ends ':40016>' '^server LOCAL_IN DROPPED after the hooks, NO_SOCKET in '
check 'IPv4 ICMP error: related' lines "ns=${inode[router]} FORWARD in=r1 out=r0 IPv4 10.0.2.2>10.0.1.2 ICMP type=3 code=3 .* ct=related-reply"
check 'IPv6 ICMPv6 error: related' lines "ns=${inode[router]} FORWARD in=r1 out=r0 IPv6 fd00:2::2>fd00:1::2 ICMPv6 type=1 code=4 .* ct=related-reply"

mark ICMP
echo_request client 10.0.2.2 404
echo_request client fd00:2::2 406
check 'IPv4 ICMP' journey 'type=8 .* id=404 ' IPv4 10.0.1.2 10.0.2.1 10.0.2.2 'ICMP type=8 code=0 id=404 seq=1' len=84
check 'IPv6 ICMPv6' journey 'type=128 .* id=406 ' IPv6 fd00:1::2 fd00:2::1 fd00:2::2 'ICMPv6 type=128 code=0 id=406 seq=1' len=104

mark 'the router itself'
echo_request client 10.0.1.1 414
echo_request client fd00:1::1 416
echo_request router 10.0.2.2 424
echo_request router fd00:2::2 426
where() { points "$1" | awk '{ printf "%s/%s ", $1, $2 }'; }
for id in 4 6; do
	check "IPv$id for the router: to LOCAL_IN, not FORWARD" same "$(where " type=(8|128) .* id=41$id ")" \
		'client/LOCAL_OUT client/POST_ROUTING router/PRE_ROUTING router/LOCAL_IN '
	check "IPv$id from the router: LOCAL_OUT and POST_ROUTING" same "$(where " type=(8|128) .* id=42$id ")" \
		'router/LOCAL_OUT router/POST_ROUTING server/PRE_ROUTING server/LOCAL_IN '
done

mark loopback
echo_request router 127.0.0.1 434
check 'over loopback a packet keeps its number' same "$(where ' type=8 .* id=434 ')" \
	'router/LOCAL_OUT router/POST_ROUTING router/PRE_ROUTING router/LOCAL_IN '
