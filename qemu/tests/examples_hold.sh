#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The examples that take packets out of the core's hands for a while (rust/examples/{queue,delay}.rs), and what becomes of
# these when the module, the namespace or the device goes. Topology: lib.sh.
. qemu/lib.sh

topology
serve server 80
receive server 9

# --- queue

# consumer VERDICT: a program on the server's queue 7, whose lines go to /run/queue.
consumer() {
	ip netns exec server qemu/nfqueue 7 "$1" >/run/queue &
	consumer=$!
	poll grep -q listening /run/queue
}
end_consumer() {
	kill "$consumer"
	wait "$consumer" 2>/dev/null || :
}
queued() { poll queue_has "$(printf '%s\n' listening "$@")"; }
queue_has() { same "$(cat /run/queue)" "$1"; }
send() {
	udp client 10.0.2.2 9 40004
	udp client fd00:2::2 9 40006
}

both=('hook 1 len 34 10.0.2.1:40004>10.0.2.2:9' 'hook 1 len 54 [fd00:2::1]:40006>[fd00:2::2]:9')
example queue
send
check 'queue: nobody listens: accepted' received server 9 2
consumer drop
send
check 'queue: the program sees both' queued "${both[@]}"
check 'queue: and drops them' received server 9 2
end_consumer
consumer accept
send
check 'queue: another program sees both' queued "${both[@]}"
check 'queue: and accepts them' received server 9 4
kill -STOP "$consumer"
send
# shellcheck disable=SC2016 # awk's
waiting() { [[ $(within server awk '$1 == 7 { print $3 }' /proc/net/netfilter/nfnetlink_queue) == "$1" ]]; }
check 'queue: two wait for a program that does nothing' poll waiting 2
check 'queue: unloads' unexample queue
check 'queue: those that waited are gone' waiting 0
kill -CONT "$consumer"
end_consumer
send
check 'queue: traffic passes' received server 9 6

# --- delay

# rtt ADDRESS: the shortest of three, in milliseconds.
rtt() { within client ping -q -c 3 -i 0.2 "$1" | sed -n 's/^rtt .* = \([0-9]*\).*/\1/p'; }
between() { ((rtt >= $1 && rtt < $2)) || { echo "rtt: $rtt ms"; return 1; }; }
for ip in 10.0.1.1 fd00:1::1; do
	rtt=$(rtt "$ip")
	check "delay: $ip without it" between 0 $((100 * slow))
done
example delay ms=50
for ip in 10.0.1.1 fd00:1::1; do
	rtt=$(rtt "$ip")
	check "delay: $ip: 50 ms there, 50 back" between 100 $((300 * slow))
done
for ip in 10.0.2.2 fd00:2::2; do check "delay: fragments to $ip" within client ping -q -c 1 -W 2 -s 4000 "$ip"; done
check 'delay: unloads' unexample delay
example delay ms=1
# The echo of a file, in packets that are held in six places.
head -c 300000 /dev/urandom >/run/sent
echoes() {
	within client socat -t 10 - "TCP:$(bracket "$1"):80" </run/sent >/run/echoed
	cmp /run/sent /run/echoed
}
for ip in 10.0.2.2 fd00:2::2; do check "delay: TCP to $ip, unharmed" echoes "$ip"; done
check 'delay: unloads' unexample delay

# --- what is held when something goes

# hold: a minute's delay and packets that wait for its end, from sockets that are there no more.
hold() {
	example delay ms=60000
	send
	within client ping -q -c 1 -W 1 10.0.2.2 >/dev/null || :
	within client ping -q -c 1 -W 1 fd00:2::2 >/dev/null || :
}
soon() { local since=$SECONDS; "$@" && ((SECONDS - since < 10 * slow)); }

# Neighbours that were not asked for are held as well: all are known by now.
hold
check 'held: do not arrive' received server 9 6
check 'held: rmmod does not wait for them' soon unexample delay
send
check 'held: dropped by rmmod' received server 9 8

hold
check 'held: the device goes down' ip -n client link set eth0 down
check 'held: unloads' unexample delay
ip -n client -batch - <<-'END'
	link set eth0 up
	address replace fd00:1::2/64 dev eth0 nodad
	route replace default via 10.0.1.1
	route replace default via fd00:1::1
END
send
check 'held: traffic passes' received server 9 10

hold
check 'held: the device goes away' soon ip -n client link del eth0
check 'held: unloads' unexample delay

# What the kernel itself sends when a device comes up is held, and the namespace goes with it: the other end of its device
# is gone when nothing holds it any more.
setup_ns passing
within passing nft -f - <<-'END'
	table ip6 t {
		chain c {
			type filter hook postrouting priority -1
			counter
		}
	}
END
counted() { within passing nft list chain ip6 t c | grep -q 'packets [1-9]'; }
example delay ms=60000
ip link add eth0 netns passing type veth peer name p0 netns router
ip -n router link set p0 up
ip -n passing link set eth0 up
check 'held: what a namespace sends' poll counted
check 'held: the namespace goes away' ip netns del passing
namespaces=(client router server)
check 'held: and its device' poll fails ip -n router link show p0
check 'held: unloads' unexample delay

# A packet from a socket holds that, which holds its namespace; what nobody can reach any more goes with the packet.
setup_ns passing
ip link add eth0 netns passing type veth peer name p0 netns router
example delay ms=2000
check 'held: what a program sends' fails within passing ping -q -c 1 -W 0.2 ::1
check 'held: the name of its namespace goes away' ip netns del passing
namespaces=(client router server)
check 'held: the namespace stays' ip -n router link show p0
check 'held: and goes with the packet' poll fails ip -n router link show p0
check 'held: unloads' unexample delay

# All at once.
for ((i = 0; i < 5; i++)); do
	ip netns add passing
	ip -n passing link set lo up
	modload nf_example_delay ms=$((i * 5))
	within passing ping -q -f -c 200 127.0.0.1 >/dev/null &
	within server ping -q -f -c 200 ::1 >/dev/null &
	sleep 0.3
	ip netns del passing &
	deletion=$!
	unexample delay
	wait "$deletion"
done
check 'five times unloaded under a flood' test ! -e /sys/module/nf_example_delay
