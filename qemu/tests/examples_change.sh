#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The examples that change packets (rust/examples/{set_ttl_dscp,redirect_port}.rs): what arrives, and that its checksums
# are right, be they computed by the sender or left to the device. Topology: lib.sh.
. qemu/lib.sh

topology
serve server 8080
receive server 8080

for offload in on off; do
	offload "$offload" client:eth0 router:r0 router:r1 server:eth0

	example set_ttl_dscp ttl=9 dscp=46
	capture server:eth0
	for ip in 10.0.2.2 fd00:2::2; do
		check "set_ttl_dscp, offload $offload: ping $ip" within client ping -q -c 1 -W 2 "$ip"
		check "set_ttl_dscp, offload $offload: large ping $ip" within client ping -q -c 1 -W 2 -s 4000 "$ip"
		check "set_ttl_dscp, offload $offload: TCP $ip" tcp client "$ip" 8080 40004
		udp client "$ip" 9 40004
	done
	# The answer to the last.
	end_capture server:eth0 'unreachable port'
	check "set_ttl_dscp, offload $offload: IPv4 TTL and DSCP" captured server:eth0 'IP \(tos 0xb8, ttl 9,'
	check "set_ttl_dscp, offload $offload: IPv4, no other" fails captured server:eth0 'IP \(tos (0x0|0x[^b]|.*ttl [^9])'
	check "set_ttl_dscp, offload $offload: IPv6 hop limit and DSCP" captured server:eth0 'IP6 \(class 0xb8, .*hlim 9,'
	check "set_ttl_dscp, offload $offload: IPv6, no other" fails captured server:eth0 'IP6 \((class 0xb8, )?(flowlabel [^,]*, )?hlim ([^92]|[0-9]{2},)'
	check "set_ttl_dscp, offload $offload: no wrong checksum received" fails checksum_errors
	[[ $offload == on ]] || check "set_ttl_dscp, offload $offload: none sent" fails captured server:eth0 '\<(incorrect|bad|wrong)\>'
	check "set_ttl_dscp: unloads" unexample set_ttl_dscp

	example redirect_port
	capture client:eth0
	for ip in 10.0.2.2 fd00:2::2; do
		check "redirect_port, offload $offload: TCP $ip" same hello \
			"$(echo hello | within client socat -t 5 - "TCP:$(bracket "$ip"):80,sourceport=4${#offload}00${#ip}")"
		udp client "$ip" 80 40004
	done
	end_capture client:eth0 '40004 > .*[.]80:.*UDP'
	check "redirect_port, offload $offload: the answers come from port 80" captured client:eth0 '10.0.2.2.80 > 10.0.1.2'
	check "redirect_port, offload $offload: and from no other" fails captured client:eth0 '[.]8080[: ]'
	check "redirect_port, offload $offload: no wrong checksum received" fails checksum_errors
	[[ $offload == on ]] || check "redirect_port, offload $offload: none sent" fails captured client:eth0 '\<(incorrect|bad|wrong)\>'
	check "redirect_port: unloads" unexample redirect_port
	check "redirect_port: without it nobody is there" fails tcp client 10.0.2.2 80 40004
done
check 'redirect_port: UDP arrived' received server 8080 4
