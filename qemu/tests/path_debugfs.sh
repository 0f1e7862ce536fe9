#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# nf_path/hooks in debugfs: all hooks in order, and figures of each that agree with nft's counters. Topology: lib.sh.
. qemu/lib.sh

topology
within router nft -f - <<-'END'
	table ip count {
		counter each { }
		counter odd { }
		chain forward {
			type filter hook forward priority -5
			udp dport 4444 counter name each
			udp dport 4444 udp length 21 counter name odd drop
		}
		chain marks {
			type filter hook forward priority -4
			udp dport 4444 udp length 13 meta mark set 5
		}
	}
END
file=/sys/kernel/debug/nf_path/hooks
modload nf_path proto=17 rate=100000
send() { head -c "$1" /dev/zero | within client socat -u - "UDP:10.0.2.2:4444"; }
counted() { within router nft list counter ip count "$1" | sed -nE 's/.*packets ([0-9]+) .*/\1/p'; }
# row HOOK: its figures in the router: packets accepted dropped taken changed, mean ns, priority; and row_histogram.
row() { rows | awk -F '; ' -v hook="$1" 'index($1, hook) { split($1, n, " "); print n[1], n[2], n[3], n[4], n[5]; exit }'; }
histogram() { rows | awk -F '; ' -v hook="$1" 'index($1, hook) { print $2; exit }'; }
# rows [POINT]
rows() { awk -v ns="ns=${inode[router]}" -v point="${1-FORWARD}" '/^ns=/ { here = $1 == ns && $2 == "IPv4" && $3 == point; next } here' "$file"; }
packets() { [[ $(row "$1") == "$2" ]]; }

check 'all hooks, in order' same "$(rows | sed -nE 's/^.* (-?[0-9]+)  ([^;(]*[^;( ]).*/\1 \2/p' | paste -sd,)" \
	'-5 ip count forward,-4 ip count marks,0 inet fw forward'
for _ in {1..5}; do send 5; done
for _ in {1..3}; do send 13; done
check 'packets, accepted, dropped, taken' poll packets 'ip count forward' '8 5 3 0 0'
check "as nft's counters" same "$(counted each) $(counted odd)" '8 3'
check 'changed' packets 'ip count marks' '5 5 0 0 5'
check 'the hook behind' packets 'inet fw forward' '5 5 0 0 0'
sum() { histogram "$1" | tr ' ' '\n' | awk -F: '{ sum += $2 } END { print sum + 0 }'; }
check 'the histogram has all that got through' same "$(sum 'ip count forward') $(sum 'ip count marks')" '5 5'
# Of the fragments of a datagram reassembly keeps all but one, which goes on as the whole.
head -c 4000 /dev/zero | within client socat -b 4000 -u - UDP:10.0.2.2:4445
ip_counter() { within router nstat -a -s -z "$1" | awk -v name="$1" '$1 == name { print $2 }'; }
kept() { (($(rows PRE_ROUTING | awk '/ipv4_conntrack_defrag/ { print $4 }') == $(ip_counter IpReasmReqds) - $(ip_counter IpReasmOKs))); }
check 'three fragments, a datagram' same "$(ip_counter IpReasmReqds) $(ip_counter IpReasmOKs)" '3 1'
check 'taken: as many as the kernel says' poll kept
each_namespace() {
	local ns
	for ns in client router server; do
		grep -q "^ns=${inode[$ns]} IPv6 POST_ROUTING$" "$file" || return 1
	done
}
check 'each namespace' each_namespace
check 'no address in it' fails grep -E '0x|ffff[0-9a-f]{4}' "$file"

# Read while hooks come and go and packets pass.
ip netns exec client ping -q -f 10.0.2.2 >/dev/null &
for n in {1..10}; do
	within router nft add table ip "t$n" '{ chain c { type filter hook forward priority 7; }; }'
	cat "$file" >/dev/null
	within router nft delete table ip "t$n"
done
kill $!
within router nft add table ip last '{ chain c { type filter hook forward priority 7; }; }'
comes() { rows | grep -q ' 7  ip last c '; }
check 'a new hook is there within a second or so' poll comes
check 'the figures of the others stay' packets 'ip count forward' '9 6 3 0 0'
ip netns del router
namespaces=(client server)
gone() { fails grep -q "^ns=${inode[router]} " "$file"; }
check 'a namespace that goes is gone from it' poll gone
cat "$file" >/dev/null
check 'unloads' modunload nf_path
check 'and the files are gone' fails test -e "${file%/*}"
