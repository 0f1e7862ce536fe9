#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Packets that a hook at LOCAL_OUT routes anew (rust/tests/reroute.rs) leave by the device that the change asks for.
#
#        one  eth0 10.1.0.1 fd01::1  ----  eth0 10.1.0.2 fd01::2  two      where everything goes
#             eth1 10.2.0.1 fd02::1  ----  eth1 10.2.0.2 fd02::2           where mark 1 goes
. qemu/lib.sh

setup_ns one two
for link in 0 1; do
	ip link add "eth$link" netns one type veth peer name "eth$link" netns two
	for host in one:1 two:2; do
		ip -n "${host%:*}" link set "eth$link" up
		ip -n "${host%:*}" address add "10.$((link + 1)).0.${host#*:}/24" dev "eth$link"
		ip -n "${host%:*}" address add "fd0$((link + 1))::${host#*:}/64" dev "eth$link" nodad
	done
done
for address in 10.9.0.1/32 fd09::1/128; do ip -n two address add "$address" dev lo; done
for family in '-4 10.1.0.2 10.2.0.2' '-6 fd01::2 fd02::2'; do
	read -r version via marked <<<"$family"
	ip "$version" -n one route add default via "$via"
	ip "$version" -n one route add default via "$marked" table 1
	ip "$version" -n one rule add fwmark 1 table 1
done

insmod "$modules/tests/nf_test_reroute.ko"
for port in 1001 1002 1003 1004; do receive two "$port"; done
for offload in on off; do
	offload "$offload" one:eth0 one:eth1
	offload on two:eth0 two:eth1
	capture two:eth0
	capture two:eth1
	for ip in 10.9.0.1 fd09::1; do
		for port in 1001 1003 1004; do udp one "$ip" "$port" "400${#ip}"; done
	done
	# The receiver's addresses on the first link; the hook changes them to those on the second.
	for ip in 10.1.0.2 fd01::2; do udp one "$ip" 1002 "400${#ip}"; done
	end_capture two:eth0 '> fd09::1.1004'
	end_capture two:eth1 '> fd02::2.1002'
	# left DEVICE DESTINATION.PORT: by that one and not by the other.
	left() { captured "two:$1" "> $2[: ]" && fails captured "two:eth$((1 - ${1#eth}))" "> $2[: ]"; }
	for ip in 10.9.0.1 fd09::1; do
		check "offload $offload: marked and routed anew: $ip" left eth1 "$ip.1001"
		check "offload $offload: marked only: $ip" left eth0 "$ip.1003"
		check "offload $offload: neither: $ip" left eth0 "$ip.1004"
	done
	for ip in 10.2.0.2 fd02::2; do
		check "offload $offload: another destination: $ip" left eth1 "$ip.1002"
	done
	[[ $offload == on ]] || check "offload $offload: checksums are right" \
		test "$(captured two:eth1 'udp sum ok' | wc -l)$(captured two:eth1 '\<(incorrect|bad|wrong)\>')" = 4
	check "offload $offload: no wrong checksum received" fails checksum_errors
done
for port in 1001 1002 1003 1004; do check "all arrived at port $port" received two "$port" 4; done
check 'unloads' rmmod nf_test_reroute
