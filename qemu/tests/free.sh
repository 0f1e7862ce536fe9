#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What rust/tests/nf_test_free.ko is told of freed packets, beside what the kfree_skb tracepoint and nft's counters tell:
# UDP for port 4444 and echo requests, from LOCAL_IN on. Topology: lib.sh.
# Own guest: it leaks memory on purpose.
. qemu/lib.sh

tracing=/sys/kernel/tracing
topology
within server nft -f - <<-'END'
	table inet count {
		counter arrived { }
		chain input {
			type filter hook input priority 0
			udp dport 4444 counter name arrived
			udp dport 4444 udp length 20 drop
		}
	}
END
# send NUMBER [BYTES [ADDRESS]]: datagrams, ICMP errors ignored.
send() { within client python3 - "${3-10.0.2.2}" "$1" "${2-5}" <<-'END'
	import socket, sys
	address, number, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
	s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
	for _ in range(number):
	    try:
	        s.sendto(bytes(size), (address, 4444))
	    except ConnectionRefusedError:
	        pass
END
}
passed() { within server nft list counter inet count arrived | sed -nE 's/.*packets ([0-9]+) .*/\1/p'; }
count() { lines "$1" | wc -l; }
has() { (($(count "$1") >= $2)); }
# traced REASON: locations that the tracepoint gave, those of the module's form, each with its number.
traced() { sed -nE "s/.*kfree_skb: .* location=([^+ ]*)\\S*( \\[.*\\])? reason: $1\$/\\1/p" "$tracing/trace" | sort | uniq -c; }
told() { lines "^nf_test_free: dropped: $1 " | sed -E "s/.* $1 //" | sort | uniq -c; }

echo 'protocol == 0x0800 || protocol == 0x86dd' >"$tracing/events/skb/kfree_skb/filter"
modload nf_test_free

mark 'no socket'
echo 1 >"$tracing/events/skb/kfree_skb/enable"
send 100
send 20 5 fd00:2::2
check 'a closed port: told of each' poll has NO_SOCKET 120
check 'a closed port: not of more' same "$(count NO_SOCKET)" 120
check 'a closed port: where, as the tracepoint says' same "$(told NO_SOCKET)" "$(traced NO_SOCKET)"
check "a closed port: as many as nft's counter" same "$(passed)" 120

mark 'nft drop'
: >"$tracing/trace"
send 30 12
check "a chain's drop: told of each" poll has 'NETFILTER_DROP nft_do_chain \[nf_tables\]' 30
check "a chain's drop: as many as the tracepoint says" same "$(traced NETFILTER_DROP)" '     30 nft_do_chain'
echo 0 >"$tracing/events/skb/kfree_skb/enable"

mark answered
within client ping -q -c 5 -i 0.1 10.0.2.2 >/dev/null
check 'an echo request: told of each, without a reason' poll has '^nf_test_free: consumed: icmp_rcv' 5

# A socket's reader frees what it has read without saying so, most often.
mark delivered
receive server 4444
for _ in {1..3}; do udp client 10.0.2.2 4444 4000; done
received server 4444 3
check 'delivered: not told to be dropped' unseen 'nf_test_free: dropped'
check 'no address in what is told' unseen 'nf_test_free: .*(0x|ffff[0-9a-f]{4})'
mark unload
check 'unloads' modunload nf_test_free
check 'all were told of that should' lines '^nf_test_free: hooked 158 dropped 150 consumed [5-8]$'

# Coming and going while packets are freed on both processors.
pids=()
for cpu in 0 1; do
	ip netns exec client taskset -c "$cpu" python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    try:
        s.sendto(b"hello", ("10.0.1.1", 9))
    except OSError:
        pass' &
	pids+=($!)
done
for case in 0 0 1 2 0 1 2 0; do
	mark "case $case"
	modload nf_test_free case=$case
	((case != 2)) || check 'dropped in its own probe' poll lines 'dropped in its own probe'
	modunload nf_test_free
done
kill "${pids[@]}"
check 'comes and goes under load, leaked or dropped in its own probe' true
forgive_leaks
