#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Hooks on a device by its name (rust/examples/on_device.rs: what eth0 of insmod's namespace receives and sends), and what
# becomes of them when the device is renamed, moves to another namespace, or goes.
#
#   a  eth0 10.9.0.1 fd09::1  ----  eth0 10.9.0.2 fd09::2  b
. qemu/lib.sh

setup_ns a b c
link() {
	ip link add eth0 netns a type veth peer name eth0 netns b
	address a eth0 1
	address b eth0 2
}
address() { # NAMESPACE DEVICE NUMBER
	ip -n "$1" -batch - <<-END
		link set $2 up
		address add 10.9.0.$3/24 dev $2
		address add fd09::$3/64 dev $2 nodad
	END
}
load() { within a insmod "$modules/examples/nf_example_on_device.ko"; }
no_device() {
	local output
	! output=$(load 2>&1) && grep -F 'No such device' <<<"$output"
}
# printed PATTERN LINE...: the lines that match are these, in this order.
printed() { same "$(log | sed -n 's/^nf_example_on_device: //p' | grep -E -e "$1")" "$(printf '%s\n' "${@:2}")"; }
hooks() { within "$1" nft list hooks device "$2" | grep on_device; }

check 'no device of that name: ENODEV' no_device
check 'and the module is not there' test ! -e /sys/module/nf_example_on_device
link
mark traffic
check 'loads' load
echo_request b 10.9.0.1 4
echo_request b fd09::1 6
check 'IPv4: received and sent' printed 'ICMP ' 'in 10.9.0.2>10.9.0.1 ICMP type 8 code 0' 'out 10.9.0.1>10.9.0.2 ICMP type 0 code 0'
check 'IPv6: received and sent' printed 'ICMPv6 type 12[89]' \
	'in fd09::2>fd09::1 ICMPv6 type 128 code 0' 'out fd09::1>fd09::2 ICMPv6 type 129 code 0'
check 'ARP is seen too' lines 'on_device: (in|out) ethertype 0x0806$'

mark rename
# Devices that are up can be renamed as well.
check 'renamed: hooks stay' ip -n a link set eth0 name lan
echo_request b 10.9.0.1 14
check 'IPv4: received and sent' printed 'ICMP ' 'in 10.9.0.2>10.9.0.1 ICMP type 8 code 0' 'out 10.9.0.1>10.9.0.2 ICMP type 0 code 0'
check 'nft lists them' test "$(hooks a lan | wc -l)" = 2
check 'renamed: the old name is not there' fails hooks a eth0

check 'moved to another namespace' ip -n a link set lan netns c
mark moved # Before, a device that goes still says which groups it leaves.
address c lan 1
echo_request b 10.9.0.1 24
check 'moved: hooks are off' unseen on_device:
check 'moved: nft lists none' fails hooks c lan
check 'moved: unloads' modunload nf_example_on_device
check 'the name is free, but there is no such device' no_device
ip -n c link set lan netns a
ip -n a link set lan name eth0

mark deletion
load
check 'deleted with hooks on it' ip -n a link del eth0
check 'deleted: unloads' modunload nf_example_on_device
link
load
check 'a device of that name is there again: hooks' test "$(hooks a eth0 | wc -l)" = 2
check 'the namespace goes with hooks on its device' ip netns del a
namespaces=(b c)
check 'gone: the other end is too' poll fails ip -n b link show eth0
check 'gone: unloads' modunload nf_example_on_device

# Loading, traffic, deletion and unloading at once, in any order.
setup_ns a
for ((i = 0; i < 10; i++)); do
	link
	within b ping -q -f -c 100 10.9.0.1 >/run/ping 2>&1 &
	load
	if ((i % 2)); then
		ip -n a link del eth0 &
		deletion=$!
		modunload nf_example_on_device
		wait "$deletion"
	else
		modunload nf_example_on_device &
		unloading=$!
		ip -n a link del eth0
		wait "$unloading"
	fi
done
check 'ten times loaded, deleted and unloaded under traffic' test ! -e /sys/module/nf_example_on_device
