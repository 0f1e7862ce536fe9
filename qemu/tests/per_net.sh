#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Each namespace has data of its own, from its making to its end, however these come together
# (rust/tests/per_net.rs, two hooks at LOCAL_OUT of IPv4). Each namespace's nft counts the same packets.
#
#   near (eth0 10.9.0.1) ---- (eth0 10.9.0.2) far, made and destroyed
# Own guest: it leaks memory on purpose.
. qemu/lib.sh

load() { modload nf_test_per_net "$@"; }
unload() { modunload nf_test_per_net; }
begun() { lines 'begins$' | wc -l; }
ended() { lines 'ends: ' | wc -l; }
balance() { same "$(begun)" "$(ended)"; }
# count NAMESPACE: has its nft count what it sends. expect NAMESPACE: what its data should say, of two hooks each.
count() {
	within "$1" nft -f - <<-'END'
		table ip count {
			chain output {
				type filter hook output priority 0
				counter
			}
		}
	END
}
counted() { within "$1" nft list chain ip count output | sed -nE 's/.*counter packets ([0-9]+) .*/\1/p'; }
expect() { echo "nf_test_per_net: ns=$(stat --dereference --format=%i "/run/netns/$1") ends: $((2 * $(counted "$1")))"; }

# Made before and after, each with the packets of its own.
setup_ns before
count before
mark own
load
setup_ns after
count after
within before ping -q -c 3 127.0.0.1 >/dev/null
within after ping -q -c 5 127.0.0.1 >/dev/null
want=$({ expect before; expect after; } | sort)
check 'nft has counted them' test "$(counted before)" -ge 6 -a "$(counted after)" -ge 10
unload
check 'each namespace counts its own packets' same "$(lines 'ends: [1-9]' | sort)" "$want"
check 'the data of all are found' lines ' 3 namespaces, all found: true'
check 'all data end, once' balance

# Namespaces come and go on two CPUs, with traffic.
many() {
	local i
	for ((i = 0; i < 6; i++)); do
		ip netns add "$1"
		ip -n "$1" link set lo up
		count "$1"
		within "$1" ping -q -f -c 40 127.0.0.1 >/dev/null
		expect "$1"
		ip netns del "$1"
	done
}
mark many
load
many one >/run/one &
one=$!
many two >/run/two
wait "$one"
twelve() { same "$(lines 'ends: ' | grep -c .)" 12; }
check 'the data of twelve namespaces end with them' poll twelve
check 'and have counted all packets' same "$(lines 'ends: ' | sort)" "$(sort /run/one /run/two)"
unload
check 'all data end, once' balance

# One goes while packets come in.
answers() { (($(counted "$1") > 0)); }
setup_ns near
mark 'under traffic'
load
for ((i = 0; i < 4; i++)); do
	ip netns add far
	ip link add eth0 netns near type veth peer name eth0 netns far
	ip -n near address add 10.9.0.1/24 dev eth0
	ip -n near link set eth0 up
	ip -n far address add 10.9.0.2/24 dev eth0
	ip -n far link set eth0 up
	count far
	ip netns exec near ping -q -f 10.9.0.2 >/dev/null 2>&1 &
	ping=$!
	poll answers far
	ip netns del far
	kill "$ping"
	wait "$ping" || :
done
four() { same "$(lines 'ends: [1-9]' | grep -c .)" 4; }
check 'under traffic: four have counted and ended' poll four
unload
check 'under traffic: all data end, once' balance

# The registration ends while namespaces come and go.
churn() { while :; do ip netns add churn && ip -n churn link set lo up; ip netns del churn; done; }
churn 2>/dev/null &
churn=$!
mark 'at once'
for ((i = 0; i < 5; i++)); do load && unload; done
kill "$churn"
wait "$churn" || :
ip netns del churn 2>/dev/null || :
check 'registrations and namespaces end at once: all data end, once' balance

# A failure.
mark failure
before=$(within before nft list hooks ip)
check 'a failing closure fails insmod' fails load fail=2 2>/dev/null
check 'with its error, and nothing stays' same "$(within before nft list hooks ip)" "$before"
check 'what it had made has ended' balance
mark 'later failure'
load fail="$(($(ip netns list | wc -l) + 2))"
check 'a failing closure fails the making of a namespace' fails ip netns add unborn 2>/dev/null
check 'it was asked' lines ' fails$'
ip netns del unborn 2>/dev/null || :
check 'the next is made' ip netns add born
namespaces+=(born)
unload
check 'all data end, once' balance

# Safe code may try anything in it.
mark misuse
load misuse=1
ip netns add child
check 'nothing is registered in it' same "$(lines 'registering in it' | sort -u)" \
	'nf_test_per_net: registering in it: Some(EDEADLK) Some(EDEADLK) Some(Err(EDEADLK))'
ip netns del child
unload
check 'misuse: all data end, once' balance
mark suicide
load suicide="$(($(ip netns list | wc -l) + 2))"
ip netns add child
check 'a registration that is dropped in it ends' poll balance
check 'and so does the namespace' ip netns del child
unload
mark leaked
check 'leaked: fails to load' fails load leak=1 2>/dev/null
check 'leaked: nothing stays' same "$(within before nft list hooks ip)" "$before"
check 'leaked: namespaces come and go' ip netns add child
ip netns del child
forgive_leaks
