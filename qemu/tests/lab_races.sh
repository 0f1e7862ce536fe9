#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Many of nf_lab's probes, as many as the core takes, and probes that are written to, made and removed under traffic on both
# processors: nothing breaks. Topology: lib.sh.
. qemu/lib.sh
. qemu/lab.sh

topology
modload nf_lab

# --- many

# A grace period for each that goes: short ones.
echo 1 >/sys/kernel/rcu_expedited
many() {
	local i
	mkdir "$lab"/m{1..250}
	for i in {1..250}; do
		write "m$i" namespace "${inode[router]}" && write "m$i" hook forward && write "m$i" active 1 || return
	done
	echo_request client 10.0.2.2 12
	for i in 1 125 250; do same 2 "$(figure "m$i" packets)" || return; done
	sweep
}
check '250 probes at one point' many

# 1022 hooks of a module stand there already, for IPv4 and IPv6.
within server insmod "$modules/tests/nf_test_array.ko" count=1022 all=0
probe server n1 hook=output family=ipv4
probe server n2 hook=output family=ipv6
probe server n3 hook=output
mark full
check '1024 hooks are as many as the core takes' fails probe server n4 hook=output
check 'and that is said' lines '^nf_lab: n4: active=1: there are 1024 hooks at this point, and the core takes no more \(error -7\)$'
write n1 active 0
write n2 active 0
check 'where one goes another fits' write n4 active 1
rmmod nf_test_array
sweep
echo 0 >/sys/kernel/rcu_expedited

# --- races, on two processors

flood() {
	while :; do within client ping -q -f -c 500 10.0.2.2; done >/dev/null &
	while :; do within client ping -q -f -c 500 fd00:2::2; done >/dev/null &
}
flood
floods=$(jobs -p)
# Two writers to one probe, under traffic.
probe router p hook=forward match='proto icmp'
writer() {
	local i=0 end=$((SECONDS + 5))
	while ((SECONDS < end)); do
		i=$((i + 1))
		# The other's time between may make any of them EBUSY.
		write p active 0 || :
		write p action "mark $i" || :
		write p priority "$1" || :
		write p active 1 || :
		cat "$lab/p/"{seen,first,last,action}
	done >/dev/null
	return 0
}
writer 5 &
one=$!
writer -5 &
wait $one $!
write p active 1
write p seen 0
sees() { (($(figure "$1" packets) > 100)); }
check 'two writers, then it still sees the traffic' poll sees p
rmdir "$lab/p"
# One packet's line does not stand above another's bytes.
one_packet() {
	local i line bytes
	for i in {1..50}; do
		{ read -r line; read -r bytes; } <"$lab/p/last"
		[[ $line == *" IPv${bytes:0:1} "* ]] || { printf '%s\n' "$line" "$bytes"; return 1; }
	done
}
probe router p hook=forward stop_at=1000 action='mark 1'
spares() { (($(figure p spared) > 1000)); }
poll spares
acted() { awk '$1 == "verdict" { n += $3 } $1 == "spared" { n -= $2 } END { print n }' "$lab/p/seen"; }
check 'line and bytes of the last packet are of one' one_packet
check 'rmmod is refused' fails rmmod nf_lab
write p active 0
check 'both processors have reached stop_at, and no more are acted on' same 1000 "$(acted)"
rmdir "$lab/p"
churn() {
	local end=$((SECONDS + 5))
	while ((SECONDS < end)); do
		probe router "$1" hook=forward match='proto icmp' action="$2"
		rmdir "$lab/$1"
	done
}
churn a 'delay 1' &
one=$!
churn b drop &
churned=no
if wait $one && wait $!; then churned=yes; fi
check 'made and removed under traffic' same yes "$churned"
# shellcheck disable=SC2086 # a list
kill $floods
check 'traffic passes as before' within client ping -q -c 1 -W 5 10.0.2.2

# Devices and namespaces that go while the probe in them is called, and one is in all namespaces.
probe router all namespace=all hook=prerouting
met() { (($(figure "$1" packets) > 10)); }
inactive() { [[ $(<"$lab/$1/active") == 0 ]]; }
end() { { kill "$1"; wait "$1"; } 2>/dev/null || :; }
device_goes() {
	ip link add t0 netns client type veth peer name t1 netns router
	ip -n client address add 10.0.9.2/24 dev t0
	ip -n router address add 10.0.9.1/24 dev t1
	ip -n client link set t0 up
	ip -n router link set t1 up
	probe router t family=netdev hook=ingress device=t1
	ip netns exec client ping -q -f -w 20 10.0.9.1 >/dev/null &
	poll met t && ip -n router link del t1 && inactive t && rmdir "$lab/t" && end $!
}
namespace_goes() {
	ip netns add gone
	inode[gone]=$(stat --dereference --format=%i /run/netns/gone)
	ip -n gone link set lo up
	probe gone t hook=output 'action=delay 1'
	ip netns exec gone ping -q -f -w 20 127.0.0.1 >/dev/null &
	poll met t && ip netns del gone && end $! && poll inactive t && rmdir "$lab/t"
}
for i in 1 2; do
	check "a device goes, $i" device_goes
	check "a namespace goes, $i" namespace_goes
done
check 'and the probe in all namespaces is called' met all
rmdir "$lab/all"
check 'none is left' same '' "$(ls "$lab")"
check 'unloads' rmmod nf_lab
check 'and comes again' modload nf_lab
rmmod nf_lab
