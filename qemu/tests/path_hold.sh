#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Packets that leave a hook and come back keep their number: queued to a program that accepts or drops them, delayed by a
# hook that has stolen them, and bridged. Topologies: lib.sh.
. qemu/lib.sh

topology
receive server 80
modprobe nfnetlink_queue
within router nft -f - <<-'END'
	table inet q {
		chain queueing {
			type filter hook forward priority 10
			udp dport 80 queue num 4
			udp dport 81 queue num 5
		}
		chain later {
			type filter hook forward priority 20
		}
	}
END
listener() { # QUEUE VERDICT
	ip netns exec router qemu/nfqueue "$1" "$2" >"/run/queue.$1" &
	poll grep -q listening "/run/queue.$1"
}
listener 4 accept
listener 5 drop
modload nf_path

mark queue
udp client 10.0.2.2 80 41000
udp client 10.0.2.2 81 41001
queued() { path ':41000>.*:80 UDP' | grep '^router FORWARD'; }
check 'queued and accepted: goes on behind the hook that queued it' same "$(queued)" "\
router FORWARD in=r0 out=r1 IPv4 10.0.1.2:41000>10.0.2.2:80 UDP ttl=63 len=34 mark=0x0 ct=new
router FORWARD 0 inet fw forward (nft_do_chain_inet)
router FORWARD 10 inet q queueing (nft_do_chain_inet)
router FORWARD 20 inet q later (nft_do_chain_inet)"
check 'and is delivered' received server 80 1
check 'and its path ends there' grep -q '^server LOCAL_IN DELIVERED' <<<"$(path ':41000>.*:80 UDP')"
check 'queued and dropped: by the hook that queued it, in nfnetlink_queue' \
	grep -q '^router FORWARD DROPPED by 10 inet q queueing (nft_do_chain_inet), .* \[nfnetlink_queue\];' <<<"$(path ':41001>.*:81 UDP')"
modunload nf_path

example delay ms=50
modload nf_path
mark stolen
udp client 10.0.2.2 80 41002
check 'stolen and sent on later: keeps its number' same "$(path ':41002>.*:80 UDP' | awk '/::Delay|DELIVERED/ { print $1, $2, $3, $4 }')" "\
client POST_ROUTING 0 nf_example_delay::Delay
router POST_ROUTING 0 nf_example_delay::Delay
server LOCAL_IN DELIVERED; 7"
took() { path_ended ':41002>.*:80 UDP' && named | sed -nE 's/.*POST_ROUTING 0 ([0-9]+)\.[0-9]ms .*::Delay.*/\1/p'; }
# shellcheck disable=SC2016 # awk's
check 'and the time is told' awk '{ n++; if ($1 < 45) exit 1 } END { exit n != 2 }' <<<"$(took)"
modunload nf_path
unexample delay

example delay ms=1500
modload nf_path
mark 'for long'
udp client 10.0.2.2 80 41003
check 'for more than a second, and once more: is not given up' grep -q '^server LOCAL_IN DELIVERED; 7 ' <<<"$(path ':41003>.*:80 UDP')"
modunload nf_path
unexample delay

bridge_topology
modprobe br_netfilter
within bridge sysctl --quiet net.bridge.bridge-nf-call-iptables=1
within bridge nft add table ip f
within bridge nft 'add chain ip f bridged { type filter hook forward priority 3; }'
poll echo_request left 10.0.3.2 1
modload nf_path
mark bridge
echo_request left 10.0.3.2 77
check 'bridged, with br_netfilter: keeps its number' same \
	"$(path ' type=8 .* id=77 ' | awk '/ in=/ { printf "%s/%s ", $1, $2 }')" \
	'left/LOCAL_OUT left/POST_ROUTING bridge/PRE_ROUTING bridge/FORWARD bridge/POST_ROUTING right/PRE_ROUTING right/LOCAL_IN '
check 'and the IP chain of the bridge is named' grep -q '^bridge FORWARD 3 ip f bridged (nft_do_chain_ipv4)' <<<"$(path ' type=8 .* id=77 ')"
