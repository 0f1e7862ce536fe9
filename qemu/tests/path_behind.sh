#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What is dropped behind nf_path's last hook is not put on the hook there; what only looks the same is not the same packet;
# and hooks are called what they are called now. Topology: lib.sh.
. qemu/lib.sh

topology
serve server 80
within router nft 'table netdev out { chain egress { type filter hook egress device r1 priority 0; udp dport 3001 counter drop; }; }'
within server nft 'table netdev in { chain ingress { type filter hook ingress device eth0 priority 0; udp dport 3002 counter drop; }; }'
counted() { within "$1" nft list ruleset | sed -nE "s/.*$2 counter packets ([0-9]+) .*/\1/p"; }
modload nf_path proto=17 rate=100000
# row HOOK: packets accepted dropped taken, at the router's POST_ROUTING.
row() {
	awk -v ns="ns=${inode[router]}" -v hook="$1" '/^ns=/ { here = $1 == ns && $2 == "IPv4" && $3 == "POST_ROUTING" }
		here && index($0, hook) { print $1, $2, $3, $4 }' /sys/kernel/debug/nf_path/hooks
}
# ended PORT: how the datagram to that port did.
ended() { path ":4$1>.*:$1 UDP" | sed -nE "s/^(\S+ \S+ [A-Z]{2,} [^;]*);.*/\1/p"; }

mark behind
udp client 10.0.2.2 3001 43001
udp client 10.0.2.2 3002 43002
check 'dropped at egress' same "$(ended 3001)" 'router POST_ROUTING DROPPED after the hooks, NETFILTER_DROP in nft_do_chain [nf_tables]'
check "at the next namespace's ingress" same "$(ended 3002)" 'router POST_ROUTING DROPPED after the hooks, NETFILTER_DROP in nft_do_chain [nf_tables]'
check 'as nft has counted' same "$(counted router 'udp dport 3001') $(counted server 'udp dport 3002')" '1 1'
check 'the last hook has let them pass' same "$(row nf_confirm)" '2 2 0 0'

# Neither a renamed chain nor another chain of NAT changes what the core calls.
within router nft rename chain inet fw forward onward
within router nft -f - <<-'END'
	delete table inet nat
	table inet newnat { chain after { type nat hook postrouting priority srcnat; oifname "r1" masquerade; }; }
END
names() { for name in "$@"; do grep -qF "$name" /sys/kernel/debug/nf_path/hooks || return; done; }
check 'names are those of now' poll names 'inet fw onward (' ' for inet newnat after'
mark renamed
udp client 10.0.2.2 3003 43003
check 'of a step too' grep -qE '^router FORWARD 0 .*inet fw onward \(' <<<"$(path ':43003>.*:3003 UDP')"
modunload nf_path

# Acknowledgements are freed untold, and their buffers soon others'. Only the router has nf_path's hooks.
within router nft add table inet count '{ chain in { type filter hook prerouting priority raw; meta nfproto ipv6 meta l4proto tcp counter; }; }'
modload nf_path proto=6 netns="${inode[router]}" verbosity=0 rate=1
mark acks
head -c 500000 /dev/zero | within client socat -t 5 - 'TCP6:[fd00:2::2]:80' | wc -c >/run/echoed
check 'all of it came back' same "$(</run/echoed)" 500000
modunload nf_path
paths=$(lines '^nf_path: unloaded: ' | sed -nE 's/.*unloaded: ([0-9]+) packets.*/\1/p')
packets=$(counted router 'meta l4proto tcp')
echo "# $packets packets, $paths paths"
check 'a number a packet' same "$paths" "$packets"
