#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Hooks that share a priority are told apart: legacy iptables and two chains of nft, at the router's FORWARD, IPv4 and IPv6.
# Who dropped, queued or kept a datagram is what the counters of nft and iptables say. Topology: lib.sh.
. qemu/lib.sh

topology
receive server 2000
modprobe nfnetlink_queue
within router nft -f - <<-'END'
	table inet twin {
		chain other {
			type filter hook forward priority filter
			udp dport 1001 counter drop
			udp dport 1004 queue num 4
			udp dport 1005 queue num 5
		}
	}
	insert rule inet fw forward udp dport 1002 counter drop
	insert rule inet fw forward udp dport 1005 counter drop
END
for command in iptables-legacy ip6tables-legacy; do
	within router "$command" -A FORWARD -p udp --dport 1003 -j DROP
done
listener() { # QUEUE VERDICT
	ip netns exec router qemu/nfqueue "$1" "$2" >"/run/queue.$1" &
	poll grep -q listening "/run/queue.$1"
}
listener 4 drop
listener 5 accept
modload nf_path proto=17 rate=100000

# ended PORT: how the paths of datagrams to it ended, and how often, less times.
ended() {
	lines "[A-Z]{4,} .*:$1 UDP\$" | sed -nE 's/.* (DELIVERED|TAKEN|DROPPED by [^;]*|ENDED [^;]*);.*/\1/p' | sort | uniq -c | sed 's/^ *//'
}
all() { (($(lines " (DELIVERED|DROPPED|TAKEN|ENDED) .*:$1 UDP\$" | wc -l) == $2)); }
# nft PORT, legacy COMMAND: what they have counted.
nft() { within router nft list ruleset | sed -nE "s/.*udp dport $1 counter packets ([0-9]+) .*/\1/p"; }
legacy() { within router "$1" -L FORWARD -v -n -x | awk '/dpt:1003/ { print $1 }'; }

mark ports
for port in 1001 1002 1003 1004 1005 2000; do
	for i in 1 2 3; do
		udp client 10.0.2.2 "$port" $((41000 + i)) 2>/dev/null || :
		udp client fd00:2::2 "$port" $((41000 + i)) 2>/dev/null || :
	done
done
fw='0 inet fw forward (nft_do_chain_inet)'
twin='0 inet twin other (nft_do_chain_inet)'
for port in 1001 1002 1003 1004 1005 2000; do poll all "$port" 6 || :; done
check 'dropped by the one chain' same "$(ended 1001)" "$(nft 1001) DROPPED by $twin, NETFILTER_DROP in nft_do_chain [nf_tables]"
check 'by the other' same "$(ended 1002)" "$(nft 1002) DROPPED by $fw, NETFILTER_DROP in nft_do_chain [nf_tables]"
check 'by iptables' same "$(ended 1003 | grep -c .) $(ended 1003 | grep -oE '^[0-9]+ DROPPED by 0 [a-z0-9_]+ \[ip6?_tables\],')" \
	"2 $(legacy ip6tables-legacy) DROPPED by 0 ip6t_do_table [ip6_tables],
$(legacy iptables-legacy) DROPPED by 0 ipt_do_table [ip_tables],"
check 'queued by one, dropped by the program' same "$(ended 1004 | sed 's/, .* \[/ [/')" "$(grep -c '^hook' /run/queue.4) DROPPED by $twin [nfnetlink_queue]"
check 'queued by one, accepted, dropped by the other' same "$(ended 1005)" "$(nft 1005) DROPPED by $fw, NETFILTER_DROP in nft_do_chain [nf_tables]"
check 'what nobody drops is delivered' received server 2000 6
check 'with the time of each' same "$(lines 'FORWARD 0 .* \| ' |
	grep -cE ' FORWARD 0 [0-9.]+[mu]s ip6?t_do_table \[ip6?_tables\] [0-9.]+[mu]s \| inet twin other \(nft_do_chain_inet\) [0-9.]+[mu]s \| inet fw forward \(nft_do_chain_inet\) [0-9.]+[mu]s$')" 6

# In debugfs.
rows() { awk -v ns="ns=${inode[router]}" '/^ns=/ { here = $1 == ns && $3 == "FORWARD"; next } here' /sys/kernel/debug/nf_path/hooks; }
# figures HOOK: packets, accepted, dropped, taken, of IPv4 and IPv6 together.
figures() { rows | awk -v hook="| $1" 'index($0, hook) && $8 == "|" { for (i = 1; i < 5; i++) n[i] += $i } END { print n[1], n[2], n[3], n[4] }'; }
check 'figures of iptables' same "$(figures ip)" '36 30 6 0'
check 'of the one chain' same "$(figures 'inet twin other')" '30 18 12 0'
check 'of the other' same "$(figures 'inet fw forward')" '18 6 12 0'

# A hook that cannot be probed, behind another and then before it.
mark nobody
drop_port='nf_example_drop_port::DropPort [nf_example_drop_port]'
chain='inet first c (nft_do_chain_inet)'
listed() { grep -qF " 0  $1" /sys/kernel/debug/nf_path/hooks; }
insmod "$modules/examples/nf_example_drop_port.ko"
within server nft -f - <<-'END'
	table inet first { chain c { type filter hook input priority filter; udp dport 10 counter drop; }; }
END
check 'one that cannot be probed' poll listed "$chain | $drop_port"
udp client 10.0.2.2 9 42001 || :
udp client 10.0.2.2 10 42002 || :
poll all 9 1 || :
poll all 10 1 || :
check 'it drops: all others have accepted' same "$(ended 9 | sed 's/,.*//')" "1 DROPPED by 0 $drop_port"
check 'another drops' same "$(ended 10 | sed 's/,.*//')" "1 DROPPED by 0 $chain"
rmmod nf_example_drop_port
insmod "$modules/examples/nf_example_drop_port.ko"
poll listed "$drop_port | $chain"
mark before
udp client 10.0.2.2 9 42003 || :
poll all 9 1 || :
check 'it drops before others come: nobody knows, all are named' same "$(ended 9 | sed 's/,.*//')" "1 DROPPED by 0 $drop_port | $chain"
check 'unloads' modunload nf_path
functions() { wc -l </sys/kernel/tracing/enabled_functions; }
check 'and no function is left probed' same "$(functions)" 0
