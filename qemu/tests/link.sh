#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What the link layer tells of a packet (rust/tests/link.rs): for whom it is, its VLAN tag, the index of its device.
#
#   a  eth0 10.9.0.1, eth0.5 10.9.5.1 (VLAN 5, priority 3)  ----  eth0 10.9.0.2, eth0.5 10.9.5.2  b
. qemu/lib.sh

setup_ns a b
ip link add eth0 netns a type veth peer name eth0 netns b
for ns in a b; do
	number=$([[ $ns == a ]] && echo 1 || echo 2)
	ip -n "$ns" -batch - <<-END
		link set eth0 up
		address add 10.9.0.$number/24 dev eth0
		link add link eth0 name eth0.5 type vlan id 5 egress-qos-map 0:3
		link set eth0.5 up
		address add 10.9.5.$number/24 dev eth0.5
	END
done
index=$(within b cat /sys/class/net/eth0/ifindex)
got() { lines "nf_test_link: $1 index Some\\($index\\) tag $2\$"; }

within b insmod "$modules/tests/nf_test_link.ko"
mark plain
check 'without a tag: arrives' echo_request a 10.9.0.2 1
check 'the ARP request is for all' got '0x0806 Broadcast' None
check 'the packet is for this host' got '0x0800 Host' None
mark tagged
check 'with a tag: arrives' echo_request a 10.9.5.2 1
check 'VLAN 5, priority 3' got '0x0800 Host' 'Some\(\(33024, 5, 3\)\)'
mark other
ip -n a neigh replace 10.9.0.2 lladdr 02:00:00:00:00:99 dev eth0
fails echo_request a 10.9.0.2 2
check 'what is for another host' got '0x0800 OtherHost' None
mark group
within a ping -q -c 1 -W 1 -I eth0 224.0.0.99 >/dev/null || :
check 'what is for a group' got '0x0800 Multicast' None
check 'unloads' modunload nf_test_link
