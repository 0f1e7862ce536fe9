#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Packets that hooks of a bridge keep for a while, or queue, go on where they were, unharmed (rust/tests/nf_test_bridge.ko).
# Topology: lib.sh's bridge, which has addresses of its own here: 10.0.3.9, fd00:3::9.
. qemu/lib.sh

bridge_topology
ip -n bridge address add 10.0.3.9/24 dev br0
ip -n bridge address add fd00:3::9/64 dev br0 nodad
serve right 80
receive right 9
for ip in 10.0.3.2 fd00:3::2 10.0.3.9 fd00:3::9; do check "$ip answers" poll echo_request left "$ip" 1; done
head -c 100000 /dev/urandom >/run/sent
# A file there and back.
echoes() {
	within left socat -t 10 - "TCP:$(bracket "$1"):80" </run/sent >/run/echoed
	cmp /run/sent /run/echoed
}
# takes LEAST ADDRESS: a ping's time there and back, in milliseconds, the shortest of three.
takes() {
	rtt=$(within left ping -q -c 3 -i 0.3 "$2" | sed -n 's/^rtt .* = \([0-9]*\).*/\1/p')
	((rtt >= $1 && rtt < $1 + 100)) || { echo "$rtt ms"; return 1; }
}

# PRE_ROUTING, FORWARD, POST_ROUTING
for point in 0 2 4; do
	mark "point $point"
	modload nf_test_bridge point="$point" ms=100
	for ip in 10.0.3.2 fd00:3::2; do
		check "kept at point $point, $ip: 100 ms there and back" takes 200 "$ip"
		check "kept at point $point, $ip: fragments" within left ping -q -c 1 -W 3 -s 4000 "$ip"
		check "kept at point $point, $ip: TCP, unharmed" echoes "$ip"
	done
	modunload nf_test_bridge
	check "kept at point $point: all that were seen" lines '^nf_test_bridge: kept [1-9][0-9]+, refused 0$'
done
for ip in 10.0.3.9 fd00:3::9; do
	mark "LOCAL_OUT $ip"
	modload nf_test_bridge point=3 ms=100
	check "kept at LOCAL_OUT, $ip: 100 ms back" takes 100 "$ip"
	modunload nf_test_bridge
	mark "LOCAL_IN $ip"
	modload nf_test_bridge point=1 ms=100
	check "at LOCAL_IN, $ip: none can be kept" takes 0 "$ip"
	modunload nf_test_bridge
	check "at LOCAL_IN, $ip: refused" lines '^nf_test_bridge: kept 0, refused [1-9]'
done

# What is kept when the port that it will leave by is a bridge's no more.
modload nf_test_bridge point=2 ms=2000
for ip in 10.0.3.2 fd00:3::2; do udp left "$ip" 9 40004; done
ip -n bridge link set b1 nomaster
sleep 2.5
ip -n bridge link set b1 master br0
check 'kept for a port that leaves: dropped' received right 9 0
modunload nf_test_bridge
for ip in 10.0.3.2 fd00:3::2; do check "the port is back: $ip" poll echo_request left "$ip" 2; done

# queued POINT VERDICT ARRIVED: by a program in the bridge's namespace; so many have arrived then.
queued() {
	ip netns exec bridge qemu/nfqueue 7 "$2" >/run/queue &
	local consumer=$!
	poll grep -q listening /run/queue
	modload nf_test_bridge point="$1" queue=7
	for ip in 10.0.3.2 fd00:3::2; do udp left "$ip" 9 40004; done
	check "queued at point $1: IPv4" poll grep -F "hook $1 len 34 10.0.3.1:40004>10.0.3.2:9" /run/queue
	check "queued at point $1: IPv6" poll grep -F "hook $1 len 54 [fd00:3::1]:40004>[fd00:3::2]:9" /run/queue
	check "queued at point $1: $2" received right 9 "$3"
	kill "$consumer"
	wait "$consumer" 2>/dev/null || :
	modunload nf_test_bridge
}
queued 0 accept 2
queued 2 accept 4
queued 4 accept 6
queued 2 drop 6
