#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What packets say of themselves beside their headers (rust/tests/facts.rs prints it of port 9's): segments, who sent them,
# when they came, bridge ports; SCTP's ports; and what a device's ingress in the INET family sees. Topology: lib.sh, and
#
#   c1 (eth0 10.5.0.1 fd05::1) ---- p1 [ br0 ] p2 ---- (eth0 10.5.0.2 fd05::2) c2    all IP of the bridge passes the IP hooks
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

setup_ns c1 c2 bridge
ip -n bridge link add br0 type bridge
for i in 1 2; do
	ip link add eth0 netns "c$i" type veth peer name "p$i" netns bridge
	ip -n bridge link set "p$i" master br0 up
	ip -n "c$i" address add "10.5.0.$i/24" dev eth0
	ip -n "c$i" address add "fd05::$i/64" dev eth0 nodad
	ip -n "c$i" link set eth0 up
done
ip -n bridge link set br0 up
modprobe br_netfilter
within bridge sysctl --quiet net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
for ip in 10.5.0.2 fd05::2; do
	check "bridge carries, $ip" poll echo_request c1 "$ip" 1
	mark "bridge $ip"
	udp c1 "$ip" 9 40004
	for place in 'PRE_ROUTING p1>-' 'FORWARD p1>p2' 'POST_ROUTING p1>p2'; do
		check "bridge ports: $place, $ip" poll said bridge "${place% *} .* UDP 40004>9 .* phys=${place#* }$"
	done
done
check 'unloads' rmmod nf_test_facts
