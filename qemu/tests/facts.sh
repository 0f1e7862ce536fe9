#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What packets say of themselves beside their headers (rust/tests/facts.rs prints it of port 9's): segments, who sent them,
# when they came, bridge ports; SCTP's ports, options; and what a device's ingress in the INET family sees. Topologies:
# lib.sh.
. qemu/lib.sh

topology
within client insmod "$modules/tests/nf_test_facts.ko"
# said NAMESPACE PATTERN: the lines of a namespace.
said() { lines "^nf_test_facts: ns=${inode[$1]} .*$2"; }
# A number from the first line that matches: number NAMESPACE PATTERN NAME
number() { said "$1" "$2" | sed -n "1s/.* $3=\([0-9x/]*\).*/\1/p"; }

# --- the INET family's ingress

# To nft it is a device's.
check 'ingress: nft lists it' grep -qz 'hook ingress device eth0 {\s*0000000000 nf_test_facts::Facts<Netdev>' \
	<(within client nft list hooks device eth0)
ip netns exec server socat -d0 -u TCP6-LISTEN:9,ipv6-v6only=0,reuseaddr,fork OPEN:/dev/null &
poll listening server 9
mark ingress
tcp client 10.0.2.2 9 40004
tcp client fd00:2::2 9 40006
check 'ingress: IPv4' said client 'INGRESS 10.0.2.2>10.0.1.2 TCP 9>40004 SA'
check 'ingress: IPv6' said client 'INGRESS fd00:2::2>fd00:1::2 TCP 9>40006 SA'
check 'options: of a SYN: MSS, SACK, time stamps, window scale' \
	same "$(said client 'LOCAL_OUT .* TCP 4000[46]>9 S ' | grep -c ' options=/2,4,8,3, ')" 2
check 'ingress: not what is sent' fails said client 'INGRESS .* TCP 4000[46]>9'
check 'no bridge: no bridge ports' fails said router 'phys=[^-]|>[^-]*$'

# --- segments: the router forwards them whole and its device cuts them, or its stack does; nft counts what the server gets.

within server ethtool -K eth0 gro off
within router ethtool -K r1 tso off gso off
within server nft -f - <<-'END'
	table inet count {
		chain in {
			type filter hook prerouting priority 0
			tcp dport 9 counter
		}
	}
END
counted() { within server nft reset rules inet count | sed -n 's/.* packets \([0-9]*\) .*/\1/p'; }
for ip in 10.0.2.2 fd00:2::2; do
	if [[ $ip == *:* ]]; then size=1428; else size=1448; fi
	mark "segments $ip"
	counted >/dev/null
	head -c 200000 /dev/zero | within client socat -u - "TCP:$(bracket "$ip"):9"
	packets=$(counted)
	sum=$(said router 'FORWARD .*>9 ' | sed 's/.*gso=[0-9]*x\([0-9]*\).*/\1/' | awk '{ n += $1 } END { print n }')
	check "segments: as many as the server gets, $packets, $ip" same "$sum" "$packets"
	check "segments: of a segment's size, $ip" same "$size" \
		"$(said router 'FORWARD .* gso=[1-9]' | sed 's/.*gso=\([0-9]*\)x.*/\1/' | sort -u)"
done

# --- who sent it

mkdir /run/cgroup
mount -t cgroup2 cgroup2 /run/cgroup
mkdir /run/cgroup/sender
cgroup=$(stat -c %i /run/cgroup/sender)
for ip in 10.0.2.2 fd00:2::2; do
	mark "owner $ip"
	(
		echo "$BASHPID" >/run/cgroup/sender/cgroup.procs
		echo hello | within client setpriv --reuid=1234 --clear-groups socat -u - "UDP:$(bracket "$ip"):9"
	)
	check "owner: at LOCAL_OUT, $ip" same "1234/$cgroup" "$(number client 'LOCAL_OUT .* UDP ' owner)"
	check "owner: at POST_ROUTING, $ip" same "1234/$cgroup" "$(number client 'POST_ROUTING .* UDP ' owner)"
	check "owner: none where it is forwarded, $ip" same 4294967295/0 "$(number router 'FORWARD .* UDP ' owner)"
	check "owner: none where it is received, $ip" same 4294967295/0 "$(number server 'LOCAL_IN .* UDP ' owner)"
done

# --- when it came: what the receiver's socket says (SO_TIMESTAMPNS)

for ip in 10.0.2.2 fd00:2::2; do
	mark "time $ip"
	ip netns exec server python3 - "$ip" >/run/time <<-'END' &
		import socket, struct, sys

		family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
		receiver = socket.socket(family, socket.SOCK_DGRAM)
		receiver.setsockopt(socket.SOL_SOCKET, 35, 1)
		receiver.bind((sys.argv[1], 9))
		_, ((_, _, data),), _, _ = receiver.recvmsg(100, 100)
		seconds, nanoseconds = struct.unpack("qq", data)
		print(seconds * 10**9 + nanoseconds)
	END
	poll receives server 9
	udp client "$ip" 9 40004
	poll test -s /run/time
	check "time: as the socket has it, $ip" same "$(</run/time)" "$(number server 'LOCAL_IN .* UDP ' time)"
done

# --- the sender's priority, and options of IP: a router alert, or a hop-by-hop header that has nothing to say.

for ip in 10.0.2.2 fd00:2::2; do
	if [[ $ip == *:* ]]; then options=; else options=148,; fi
	mark "options $ip"
	within client python3 - "$ip" <<-'END'
		import socket, sys

		family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
		sender = socket.socket(family, socket.SOCK_DGRAM)
		sender.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, 6)
		if family == socket.AF_INET:
		    sender.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, bytes([148, 4, 0, 0]))
		else:
		    sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_HOPOPTS, bytes([0, 0, 1, 4, 0, 0, 0, 0]))
		sender.bind(("", 40004))
		sender.sendto(b"hello", (sys.argv[1], 9))
	END
	check "priority: the socket's, $ip" said client 'LOCAL_OUT .* UDP 40004>9 .* priority=6 '
	check "options: where it is sent, $ip" said client "LOCAL_OUT .* UDP 40004>9 .* options=$options/ "
	check "options: and received, $ip" said server "LOCAL_IN .* UDP 40004>9 .* options=$options/ "
done

# --- SCTP

for ip in 10.0.2.2 fd00:2::2; do
	if [[ $ip == *:* ]]; then version=6; else version=4; fi
	mark "SCTP $ip"
	ip netns exec server socat -u "SCTP$version-LISTEN:9,reuseaddr" CREATE:/run/sctp &
	poll within client socat -u OPEN:/dev/null "SCTP:$(bracket "$ip"):9,sourceport=4009" 2>/dev/null
	check "SCTP: ports, there, $ip" said server "LOCAL_IN .*>$ip SCTP 4009>9 "
	check "SCTP: ports, and back, $ip" said client 'LOCAL_IN .* SCTP 9>4009 '
done

# --- bridge ports

bridge_topology
modprobe br_netfilter
within bridge sysctl --quiet net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
for ip in 10.0.3.2 fd00:3::2; do
	check "bridge carries, $ip" poll echo_request left "$ip" 1
	mark "bridge $ip"
	udp left "$ip" 9 40004
	for place in 'PRE_ROUTING b0>-' 'FORWARD b0>b1' 'POST_ROUTING b0>b1'; do
		check "bridge ports: $place, $ip" poll said bridge "${place% *} .* UDP 40004>9 .* phys=${place#* }$"
	done
done
check 'unloads' rmmod nf_test_facts
