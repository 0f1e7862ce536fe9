#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What safe code should not do and can: no harm comes of it (rust/tests/misuse.rs). Each case once was a bug.
# Topologies: lib.sh.
. qemu/lib.sh

topology
bridge_topology

# datagram NAMESPACE ADDRESS PORT: one, and no answer waited for.
datagram() { echo hello | within "$1" socat -u - "UDP:$(bracket "$2"):$3"; }
lists() { within "$1" nft list hooks | grep -q "$2"; }
listening_udp() { [[ $(within server ss --no-header --listening --numeric --udp "sport = :$1") ]]; }
misuse() { modload nf_test_misuse "case=$1"; }

# A packet that cannot be routed anew has no route left, and the only verdict on it is a drop.
modprobe xfrm_user
ip -n client xfrm policy add dir out src 0.0.0.0/0 dst 10.0.2.9/32 action block
ip -n client xfrm policy add dir out src ::/0 dst fd00:2::9/128 action block
mark route
misuse 1
fails datagram client 10.0.2.2 4444 2>/dev/null || :
fails datagram client fd00:2::2 4444 2>/dev/null || :
check 'reroute: IPv4 and IPv6 packets without a route are dropped' same "$(lines 'no route' | wc -l)" 2
check 'reroute: unloads' modunload nf_test_misuse

# Where a kept packet goes on is in a module that goes.
modprobe br_netfilter
within bridge sysctl --quiet net.bridge.bridge-nf-call-iptables=1
check 'kept: the bridge carries' poll echo_request left 10.0.3.2 1
mark brnf
misuse 2
datagram left 10.0.3.2 4444
check 'kept: in br_netfilter' poll lines 'kept one'
# The router's table of NAT is not in its way.
check 'kept: br_netfilter goes' rmmod br_netfilter
datagram client 10.0.2.2 4445
check 'kept: and nothing goes on there' poll lines 'resumes'

# Connection tracking would wait for the entry of a kept packet for ever.
mark conntrack
datagram client 10.0.2.2 4444
check 'kept: with an entry' poll lines 'kept one'
check 'kept: nf_conntrack does not go' fails rmmod nf_conntrack 2>/dev/null
check 'kept: unloads' modunload nf_test_misuse

# A registration dropped in a hook goes a moment later, with what its data hold: here the namespace.
setup_ns held
within held insmod "$modules/tests/nf_test_misuse.ko" case=3
ip -n held link set lo up
check 'dropped in a hook: it was there' lists held nf_test_misuse::Nothing
within held ping -q -c 1 127.0.0.1 >/dev/null
check 'dropped in a hook: gone' poll fails lists held nf_test_misuse::Nothing
check 'dropped in a hook: unloads' modunload nf_test_misuse

mark ARP
misuse 4
ip -n client neigh flush dev eth0
echo_request client 10.0.1.1 1
check 'ARP that is sent can be read' lines 'Out 10.0.1.2>10.0.1.1'
modunload nf_test_misuse

check 'sixty thousand ops are refused' same "$(misuse 5 2>&1 | grep -o 'Argument list too long')" 'Argument list too long'

# No checksum stays no checksum, also with IPv6.
misuse 6
udp6() {
	within "$1" python3 -c "
from socket import *
s = socket(AF_INET6, SOCK_DGRAM)
s.setsockopt(17, 101, 1) # UDP_NO_CHECK6_TX
s.setsockopt(17, 102, 1) # UDP_NO_CHECK6_RX
$2"
}
udp6 server 's.bind(("::", 4445)); print(s.recv(9))' >/run/received &
poll listening_udp 4445
udp6 client 's.sendto(b"hello", ("fd00:2::2", 4444))'
check 'IPv6 UDP without a checksum arrives' poll grep -q hello /run/received
modunload nf_test_misuse
