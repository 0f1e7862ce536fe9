#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What a hook changes of a packet is told of that hook and of no other, and it is what conntrack shows or arrives. A datagram
# to each port, and what the router does to it. Topology: lib.sh.
. qemu/lib.sh

topology
modprobe nfnetlink_queue
within router nft -f - <<-'END'
	table inet ch {
		chain raw { type filter hook prerouting priority raw; udp dport 2001 ct original zone set 7; }
		chain mangle {
			type filter hook prerouting priority mangle
			udp dport 2002 ct mark set 5
			udp dport 2003 meta mark set 6
		}
		chain header {
			type filter hook forward priority -5
			udp dport 2004 ip dscp set ef
			udp dport 2004 ip6 dscp set ef
			udp dport 2005 ip ttl set 33
			udp dport 2005 ip6 hoplimit set 33
			udp dport 2006 queue num 6
			udp dport 2007 @th,64,8 set 72
		}
		chain rewrite { type nat hook prerouting priority dstnat; udp dport 2008 dnat ip to 10.0.2.2:2009; }
	}
END
within server nft -f - <<-'END'
	table inet count {
		chain in {
			type filter hook prerouting priority raw
			udp dport 2004 ip dscp ef counter
			udp dport 2004 ip6 dscp ef counter
			udp dport 2005 ip ttl 33 counter
			udp dport 2005 ip6 hoplimit 33 counter
			udp dport 2006 ip length 33 counter
			udp dport 2007 @th,64,8 72 counter
			udp dport 2009 counter
		}
	}
END
ip netns exec router qemu/nfqueue 6 cut >/run/queue.6 &
poll grep -q listening /run/queue.6
# Nobody answers; conntrack is asked at the end.
within router sysctl --quiet net.netfilter.nf_conntrack_udp_timeout=600
modload nf_path proto=17
mark changes

# changes VERSION PORT: at the router, but for what connection tracking and NAT do to all: PRIORITY CHANGE, ...
changes() {
	case $1 in
	4) udp client 10.0.2.2 "$2" 41000 ;;
	6) udp client fd00:2::2 "$2" 41000 ;;
	esac
	path "IPv$1 .*:41000>.*:$2 UDP" | sed -nE 's/^router [A-Z_]+ (-?[0-9]+) [^:]*: /\1 /p' |
		grep -vE '^(-200 ct none>new|100 src \S+)$' | paste -sd ';'
}
for version in 4 6; do
	check "IPv$version: nothing" same "$(changes $version 2000)" ''
	# The rule leaves a template for connection tracking.
	check "IPv$version: connection tracking zone" same "$(changes $version 2001)" \
		'-300 ct none>template, ct zone 0>7;-200 ct template>new'
	check "IPv$version: connection mark" same "$(changes $version 2002)" '-150 ct mark 0x0>0x5'
	check "IPv$version: mark" same "$(changes $version 2003)" '-150 mark 0x0>0x6'
	check "IPv$version: DSCP" same "$(changes $version 2004)" '-5 dscp 0>46'
	check "IPv$version: TTL" same "$(changes $version 2005)" '-5 ttl 63>33'
	check "IPv$version: payload" same "$(changes $version 2007)" '-5 contents'
done
check 'length, by a program' same "$(changes 4 2006)" '-5 len 34>33'
check 'destination' same "$(changes 4 2008)" '-100 dst 10.0.2.2:2008>10.0.2.2:2009'
connections() { within router conntrack -L -p udp "$@" 2>/dev/null | grep -c 'sport=41000'; }
check 'conntrack: zone' same "$(connections --orig-zone 7)" 2
check 'conntrack: mark' same "$(connections --mark 5)" 2
check 'the others have arrived so' same "$(within server nft list table inet count | sed -nE 's/.*counter packets ([0-9]+) .*/\1/p' | paste -sd ' ')" \
	'1 1 1 1 1 2 1'
