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
	local i=0 end=$((SECONDS + 8))
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
churn() {
	local end=$((SECONDS + 8))
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
check 'none is left' same '' "$(ls "$lab")"
check 'unloads' rmmod nf_lab
check 'and comes again' modload nf_lab
rmmod nf_lab
