#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Namespaces are told apart, even with the same addresses in each, and may come and go while nf_path is loaded.
#
#   a1  eth0 10.9.0.1 fd09::1  ----  eth0 10.9.0.2 fd09::2  a2
#   b1  eth0 10.9.0.1 fd09::1  ----  eth0 10.9.0.2 fd09::2  b2
. qemu/lib.sh

pair() { # NAMESPACE NAMESPACE
	local number=0 ns
	setup_ns "$1" "$2"
	ip link add eth0 netns "$1" type veth peer name eth0 netns "$2"
	for ns; do
		number=$((number + 1))
		ip -n "$ns" -batch - <<-END
			link set eth0 up
			address add 10.9.0.$number/24 dev eth0
			address add fd09::$number/64 dev eth0 nodad
		END
	done
}

# Of which namespaces there are echo requests with this id, sorted.
from() { lines " in=.* type=(8|128) .* id=$1 " | sed 's/.* ns=\([0-9]*\) .*/\1/' | sort -u | paste -sd ' '; }
of() { # NAMESPACE...
	local ns
	for ns; do echo "${inode[$ns]}"; done | sort | paste -sd ' '
}

pair a1 a2
modload nf_path
mark all
pair b1 b2
laid b1
laid b2
for ip in 10.9.0.2 fd09::2; do
	echo_request a1 "$ip" 100
	echo_request b1 "$ip" 200
	poll path_ended " type=(8|128) .* id=200 "
	check "$ip: of the pair made before" same "$(from 100)" "$(of a1 a2)"
	check "$ip: of the pair made since, with the same addresses" same "$(from 200)" "$(of b1 b2)"
	mark 'next family'
done
modunload nf_path

modload nf_path netns="${inode[b2]}"
for ip in 10.9.0.2 fd09::2; do
	mark 'one namespace'
	echo_request a1 "$ip" 101
	echo_request b1 "$ip" 201
	poll path_ended " type=(8|128) .* id=201 "
	check "$ip: netns= shows one namespace" same "$(from 201)" "$(of b2)"
	check "$ip: netns= shows no other" same "$(from 101)" ''
done
modunload nf_path

# Namespaces end with packets under way and hooks on them.
modload nf_path rate=10
for ((i = 0; i < 10; i++)); do
	ip netns add passing
	ip -n passing link set lo up
	within passing ping -q -f -c 20 127.0.0.1 >/dev/null
	within passing ping -q -f -c 20 ::1 >/dev/null
	ip netns del passing
done
mark ended
check 'ten namespaces made and destroyed' fails ip netns exec passing true
check 'and the module unloads' modunload nf_path
check 'having seen them' lines '^nf_path: unloaded: [1-9][0-9]{2,} packets'

# The other way round: hooks go while the namespaces with traffic stay, then these go.
modload nf_path
modunload nf_path
check 'namespaces go after the module' ip netns del b1
namespaces=(a1 a2 b2)
