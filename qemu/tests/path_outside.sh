#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What IP itself drops, outside of netfilter, is put on no hook: the end has the reason, and the function. The kernel's own
# counters agree. Topology: lib.sh.
. qemu/lib.sh

topology
within router nft add table inet early '{ chain c { type filter hook prerouting priority 400; }; }'
within router sysctl --quiet net.ipv4.conf.r0.rp_filter=1 net.ipv4.conf.all.rp_filter=0
ip -n client address add 10.0.2.77/32 dev lo
modload nf_path
mark outside

# datagram ADDRESS PORT [OPTION,...]: from port 41000.
datagram() { echo hello | within client socat -u - "UDP:$(bracket "$1"):$2,sourceport=41000${3+,$3}" || :; }
# ended PATTERN: where and how.
ended() { path "$1" | sed -nE 's/^(\S+ \S+ [A-Z]{4,} [^;]*);.*/\1/p'; }
counter() { within "$1" nstat -a -s -z "$2" | awk -v name="$2" '$1 == name { print $2 }'; }
# dropped WHAT PATTERN NAMESPACE COUNTER POINT REASON FUNCTION: a pattern too, as compilers inline.
dropped() {
	check "$1" like "$(ended "$2")" "$3 $5 DROPPED after the hooks, $6 in $7"
	check "$1: as the kernel has counted" same "$(counter "$3" "$4")" 1
}

datagram 10.9.9.9 2001
dropped 'IPv4, no route' '>10.9.9.9:2001 UDP' router IpExtInNoRoutes PRE_ROUTING IP_INNOROUTES ip_error
datagram fd00:9::9 2001
dropped 'IPv6, no route' '>.fd00:9::9.:2001 UDP' router Ip6InNoRoutes PRE_ROUTING IP_INNOROUTES 'ip6_pkt_(discard|drop)'
datagram 10.0.2.2 2002 ttl=1
dropped 'IPv4, TTL' ':2002 UDP' router IpInHdrErrors PRE_ROUTING IP_INHDR ip_forward
datagram fd00:2::2 2002 setsockopt=41:16:1
dropped 'IPv6, hop limit' '>.fd00:2::2.:2002 UDP' router Ip6InHdrErrors PRE_ROUTING IP_INHDR ip6_forward
datagram 10.0.2.2 2003 bind=10.0.2.77
dropped 'IPv4, reverse path' ':2003 UDP' router TcpExtIPReversePathFilter PRE_ROUTING IP_RPFILTER ip_rcv_finish_core
datagram 10.0.2.2 2004
dropped 'IPv4, no UDP socket' ':2004 UDP' server UdpNoPorts LOCAL_IN NO_SOCKET '(__)?udp(4_lib)?_rcv'
datagram fd00:2::2 2004
dropped 'IPv6, no UDP socket' '>.fd00:2::2.:2004 UDP' server Udp6NoPorts LOCAL_IN NO_SOCKET '(__)?udp(v6|6_lib)_rcv'
fails tcp client 10.0.2.2 2005 41000 2>/dev/null
dropped 'IPv4, no TCP socket' ':41000>10.0.2.2:2005 TCP flags=S$' server TcpOutRsts LOCAL_IN NO_SOCKET tcp_v4_rcv
