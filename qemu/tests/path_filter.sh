#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# nf_path/filter in debugfs says which packets are followed, at run time. Topology: lib.sh.
. qemu/lib.sh

topology
file=/sys/kernel/debug/nf_path/filter
modload nf_path rate=100000 verbosity=0 proto=17
# datagrams PORT: from the client to the router, IPv4 and IPv6.
datagrams() {
	udp client 10.0.1.1 "$1" 4000 2>/dev/null || :
	udp client fd00:1::1 "$1" 4000 2>/dev/null || :
}
choose() { echo "$*" >"$file"; }
filter() { scripts/nf_path-filter "$@" >"$file"; }
active() { head -n 1 "$file"; }
summaries() { lines "^nf_path: #.*; .*:$1 UDP" | wc -l; }
# follows PORT: and not the other. The datagrams that are wanted come last, so that when they have ended all have.
follows() {
	mark "$1"
	datagrams $((8885 - $1))
	datagrams "$1"
	poll both "$1" || return 1
	[[ $(summaries $((8885 - $1))) == 0 ]]
}
both() { (($(summaries "$1") == ${2-2})); }

check 'the parameters are in the file' same "$(active)" 'proto 17'
choose proto udp dport 4444
check 'fields' follows 4444
check 'read back' same "$(<"$file")" 'proto udp dport 4444'
filter -- udp dst port 4441
check 'a program' follows 4441

# A write is a filter, so a long one is written in one piece.
awk 'BEGIN { printf "proto udp dport 4441 bpf 901"; while (n++ < 900) printf ",0 0 0 1"; print ",6 0 0 1" }' |
	dd of="$file" bs=1M iflag=fullblock status=none
check 'a program of hundreds of instructions' follows 4441
fails filter -- udp dst colour 2>/dev/null
check 'an expression that is none changes nothing' follows 4441
filter -- udp dst port 4441

# What is refused changes nothing.
mark refused
check 'a field that there is not: refused' fails choose proto udp colour 5
check 'in the log, with its place' lines '^nf_path: filter: .*(at|11|colour)'
check 'read back: the one before' same "$(active)" "$(scripts/nf_path-filter -- udp dst port 4441)"
check 'read back: what was wrong' grep -q '^# refused: ' "$file"
check 'a program that is none: refused' fails choose bpf '1,6 0 0'
check 'a program that does not end: refused' fails choose bpf '1,0 0 0 0'
check 'too long: refused' fails dd if=/dev/zero of="$file" bs=300000 count=1
check 'the one before is active' follows 4441

filter ns router proto udp dport 4444
mark names
datagrams 4444
check 'a namespace by its name' poll both 4444
check 'from there on' lines '; 2 points, .*:4444 UDP'
filter ns client proto udp dport 4444
mark other
datagrams 4444
check 'another namespace: from there on' poll lines '; 4 points, .*:4444 UDP'
choose
mark all
within client ping -q -c 1 10.0.1.1 >/dev/null
check 'all' poll lines '^nf_path: #.* ICMP '

# Switched while packets pass on both processors.
choose proto udp
pids=()
for cpu in 0 1; do
	ip netns exec client taskset -c "$cpu" ping -q -f 10.0.2.2 >/dev/null &
	pids+=($!)
done
for _ in {1..20}; do
	filter proto udp -- udp dst port 4441
	choose proto udp dport 4444
done
kill "${pids[@]}"
check 'switched under load' follows 4444
check 'unloads' modunload nf_path
