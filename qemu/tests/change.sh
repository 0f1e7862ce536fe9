#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What a hook writes into a TCP header's options, into payload and into skb->priority (rust/tests/change.rs, at the router's PRE_ROUTING) is
# what arrives, with checksums that are right, be they computed by the sender or left to the device. The router computes
# those that the sender left; the server verifies all. Topology: lib.sh.
. qemu/lib.sh

topology
serve server 8080
for link in client:eth0 router:r0 router:r1 server:eth0; do ip -n "${link%:*}" link set "${link#*:}" mtu 9000; done
r0=$(within router cat /sys/class/net/r0/address)

# --- the MSS option

# syn SOURCE_PORT LENGTH ADDRESS: with the option at an odd place
syn() {
	local source=10.0.1.2
	[[ $3 != *:* ]] || source=fd00:1::2
	within client qemu/syn eth0 "$r0" "$source" "$3" "$1" "$2"
}
within router insmod "$modules/tests/nf_test_change.ko" mss=536
for offload in on off; do
	offload "$offload" client:eth0
	offload off router:r0 router:r1 server:eth0
	capture server:eth0
	for ip in 10.0.2.2 fd00:2::2; do
		check "MSS, offload $offload: TCP $ip" tcp client "$ip" 8080 "4100${#ip}"
		syn "4200${#ip}" 0 "$ip"
		syn "4300${#ip}" 5000 "$ip"
	done
	end_capture server:eth0 '\.43009 > .* \[S\]'
	for port in 4100 4200 4300; do
		for family in 8 9; do # the lengths of the addresses
			check "MSS, offload $offload: source port $port$family" captured server:eth0 \
				"\.$port$family > .* \[S\], cksum 0x[0-9a-f]+ \(correct\), .*\[(nop,)?mss 536,"
		done
	done
	check "MSS, offload $offload: no other" fails captured server:eth0 'mss [^5].*> 10.0.2.2|> .*(80|8080): .* mss [^5]'
	check "MSS, offload $offload: no wrong checksum received" fails checksum_errors
done
check 'MSS: no errors' unseen 'errno'
rmmod nf_test_change

# --- payload

for link in client:eth0 router:r0 router:r1 server:eth0; do ip -n "${link%:*}" link set "${link#*:}" mtu 1500; done
within router insmod "$modules/tests/nf_test_change.ko"
# permitted KIND ADDRESS LENGTH OFFSET [SIZE]: the word forbidden, which is sent, is replaced.
permitted() { qemu/exchange "${@:1:4}" forbidden permitted "${@:5}"; }
for offload in on off; do
	offload "$offload" client:eth0
	offload off router:r0 router:r1 server:eth0
	capture server:eth0
	mark "offload $offload"
	for ip in 10.0.2.2 fd00:2::2; do
		# In the linear part, in a list of fragments, across their border; at odd and even places and lengths.
		for at in '9 0' '101 20' '60000 1441' '60001 59991'; do
			# shellcheck disable=SC2086 # two arguments
			check "payload, offload $offload: UDP of ${at% *} bytes, at ${at#* }, to $ip" permitted udp "$ip" $at
		done
		check "payload, offload $offload: UDP without checksum, to $ip" permitted udp-nocheck "$ip" 101 20
		# Segmented by the sender or by the router, where a word may lie in two.
		for at in $([[ $offload == off ]] || echo 1195) 2401; do
			check "payload, offload $offload: UDP segments, at $at, to $ip" permitted udp-segments "$ip" 12000 "$at" 1200
		done
		# In pages that are the sender's file.
		for at in 0 9001; do check "payload, offload $offload: TCP, at $at, to $ip" permitted tcp "$ip" 20000 "$at"; done
	done
	check "payload, offload $offload: as often as sent" test "$(lines 'nf_test_change: changed' | wc -l)" -ge 16
	check "payload, offload $offload: no errors" unseen errno
	[[ $offload == off ]] || check 'payload: segments were changed as one packet' lines 'changed len=[0-9]{5} gso=true'
	echo_request client 10.0.2.2 99
	end_capture server:eth0 'ICMP echo reply'
	check "payload, offload $offload: checksums are right" captured server:eth0 'UDP, length 9$|udp sum ok'
	# But those that are none, which tcpdump does not like with IPv6.
	check "payload, offload $offload: none is wrong" fails captured server:eth0 '\<(incorrect|wrong)\>|bad udp cksum 0x0*[1-9a-f]'
	check "payload, offload $offload: no wrong checksum received" fails checksum_errors
done
mark fragments
rmmod nf_test_change

# Nothing puts fragments together in the server's namespace.
within server insmod "$modules/tests/nf_test_change.ko"
for ip in 10.0.2.2 fd00:2::2; do
	check "payload: fragments to $ip stay as they are" qemu/exchange udp "$ip" 4000 100 forbidden
done
check 'payload: EOPNOTSUPP for each' same "$(lines 'nf_test_change: ' | uniq -c | xargs)" '2 nf_test_change: errno -95'
rmmod nf_test_change

# --- skb->priority

within server nft -f - <<-'END'
	table inet seen {
		chain input {
			type filter hook input priority 0
			udp dport 9 meta priority 1:7 counter
		}
	}
END
within server insmod "$modules/tests/nf_test_change.ko" priority=0x10007
for ip in 10.0.2.2 fd00:2::2; do udp client "$ip" 9 40004; done
counted() { within server nft list chain inet seen input | grep -q "counter packets $1 "; }
check 'priority: as nft sees it' poll counted 2
rmmod nf_test_change
udp client 10.0.2.2 9 40004
check 'priority: not without it' counted 2

# --- a checksum in a packet that is carried in another

#   one  eth0 10.3.0.1  ----  eth0 10.3.0.2  two      VXLAN with checksums: 10.4.0.1, 10.4.0.2
setup_ns one two
ip link add eth0 netns one type veth peer name eth0 netns two
for host in one:1:2 two:2:1; do
	IFS=: read -r ns own other <<<"$host"
	ip -n "$ns" link set eth0 up
	ip -n "$ns" address add "10.3.0.$own/24" dev eth0
	ip -n "$ns" link add vxlan0 type vxlan id 5 dev eth0 local "10.3.0.$own" remote "10.3.0.$other" dstport 4789 udpcsum
	ip -n "$ns" address add "10.4.0.$own/24" dev vxlan0
	ip -n "$ns" link set vxlan0 up
done
serve two 80
check 'in VXLAN: connects' poll tcp one 10.4.0.2 80 40004
mark VXLAN
within two insmod "$modules/tests/nf_test_change.ko"
capture two:eth0
# The outer checksum is complete, the inner one is not: what looks for the one finds the other.
tcp one 10.4.0.2 80 40014 0.5 || :
end_capture two:eth0 '10.4.0.1.40014 > 10.4.0.2.80: Flags \[S\]'
check 'in VXLAN: EOPNOTSUPP, as long as a device shall complete the inner checksum' lines 'nf_test_change: errno -95'
rmmod nf_test_change
