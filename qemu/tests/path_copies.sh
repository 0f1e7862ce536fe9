#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Where a packet becomes several its path ends, and each of these has one of its own: segments, fragments, copies. As long as
# it is one sk_buff it has one path, however many it will be on the wire. Topology: lib.sh.
. qemu/lib.sh

topology
modprobe nf_dup_ipv4
within router nft -f - <<-'END'
	table ip d { chain copies { type filter hook prerouting priority -350; udp dport 82 dup to 10.0.2.2 device "r1"; }; }
END
# Connection tracking, which reassembles.
for ns in client server; do
	within "$ns" nft -f - <<-'END'
		table ip count {
			chain out { type filter hook output priority 5; tcp dport 80 counter; }
			chain in { type filter hook input priority 5; ct state invalid drop; tcp dport 80 counter; }
		}
	END
done
modload nf_path proto=17 rate=1000000

# paths: of each since the mark, in order: points with lengths, and how it ended.
paths() {
	local names='' ns
	for ns in "${namespaces[@]}"; do names+="s/ ns=${inode[$ns]} / $ns /;"; done
	log | sed -E "$names" | sed -nE 's/^nf_path: (#[0-9]+) (\S+) (\S+) in=.* len=([0-9]+) .*/\1 \2 \3 \4/p
		s/^nf_path: (#[0-9]+) \S+ \S+ (DELIVERED|SENT by [^ ;]+|TAKEN by -?[0-9]+ [a-z0-9_]+|DROPPED after the hooks)[ ,;].* points,.*/\1 \2/p' |
		sort -s -V -k 1,1 | awk '{ printf "%s", $1 != last ? end "" : "; "; last = $1; end = "\n"; $1 = ""; printf "%s", substr($0, 2) } END { print "" }'
}
# are WHAT LINE...: soon the paths are these.
are() {
	local what=$1 IFS=$'\n'
	shift
	poll agree "$*" || :
	check "$what" same "$(paths)" "$*"
}
agree() { [[ $(paths) == "$1" ]]; }
to_router() { echo "client LOCAL_OUT $1; client POST_ROUTING $1"; }
through_router() { echo "router PRE_ROUTING $1; router FORWARD $1; router POST_ROUTING $1"; }
at_server() { echo "server PRE_ROUTING $1; server LOCAL_IN $1; DELIVERED"; }

mark 'one sk_buff'
check 'segments for the device to make: sent' qemu/exchange udp-segments 10.0.2.2 12000 0 word word 1200
are 'one path, as veth passes it on whole' "$(to_router 12028); $(through_router 12028); $(at_server 12028)"

mark segments
within client ethtool -K eth0 tx-udp-segmentation off
check 'segments that the stack has to make: sent' qemu/exchange udp-segments 10.0.2.2 3600 0 word word 1200
segment="$(through_router 1228); $(at_server 1228)"
are 'the path ends, and each segment has one' "$(to_router 3628); SENT by eth0" "$segment" "$segment" "$segment"

mark copies
udp client 10.0.2.2 82 41000
are 'a copy has a path' "$(to_router 34); $(through_router 34); server PRE_ROUTING 34; server LOCAL_IN 34; DROPPED after the hooks" \
	'router LOCAL_OUT 34; router POST_ROUTING 34; server PRE_ROUTING 34; server LOCAL_IN 34; DROPPED after the hooks'

mark fragments
ip -n router link set r1 mtu 1000
head -c 1400 /dev/zero | within client socat -b 1400 -u - UDP:10.0.2.2:83,mtudiscover=0
are 'each fragment has one; the last goes on as the whole' "$(to_router 1428); $(through_router 1428); SENT by r1" \
	'server PRE_ROUTING 996; TAKEN by -400 ipv4_conntrack_defrag' \
	'server PRE_ROUTING 452; server LOCAL_IN 1428; DROPPED after the hooks'
ip -n router link set r1 mtu 1500
modunload nf_path

# A stream: bytes and packets as nft counts them before and after the device.
modload nf_path proto=6 rate=1000000
stream() {
	local at
	mark "$1"
	for at in client server; do within "$at" nft reset rules ip count >/dev/null; done
	check "$1: arrives" qemu/exchange tcp 10.0.2.2 200000 0 word
	for at in 'client LOCAL_OUT out' 'server LOCAL_IN in'; do
		# shellcheck disable=SC2086 # three words
		set -- "$1" $at
		poll counts "$@" >/dev/null || :
		check "$1: $2's $3, as nft counts" counts "$@"
	done
}
# counts WHAT NAMESPACE POINT CHAIN
counts() {
	same "$(within "$2" nft list chain ip count "$4" | sed -nE 's/.*packets ([0-9]+ bytes [0-9]+).*/\1/p')" \
		"$(lines "ns=${inode[$2]} $3 in=.*:80 TCP" | sed -nE 's/.* len=([0-9]+) .*/\1/p' | awk '{ n += $1 } END { print NR, "bytes", n }')"
}
longest() { lines " $1 in=.*:80 TCP" | sed -nE 's/.* len=([0-9]+) .*/\1/p' | sort -n | tail -n 1; }
stream whole
check 'one sk_buff of many segments, all the way' test "$(longest LOCAL_IN)" -gt 3000
within client ethtool -K eth0 tcp-segmentation-offload off
stream segmented
check 'one of many segments as it is sent' test "$(longest LOCAL_OUT)" -gt 3000
check 'and segments behind the device' test "$(longest LOCAL_IN)" -le 1500
check 'unloads' modunload nf_path
