#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Bad packets by the thousand (rust/bad_packets) at all points, with every example there, nf_path printing, and nf_lab rewriting:
# the kernel has nothing to complain of, each packet that nft and the device have counted was seen by our hooks too, and
# everything unloads. A seed makes the same packets again:
#     scripts/enter env LIMIT=3600 qemu/vm bad_packets qemu/tests/bad_packets.sh PACKETS SEED
# Topology: lib.sh, and its bridge.
. qemu/lib.sh
. qemu/lab.sh

packets=${1-$((24000 / slow))} seed=${2-$(date +%s%N)}
echo "# again: scripts/enter env LIMIT=3600 qemu/vm bad_packets $0 $packets $seed"

topology
bridge_topology
modprobe br_netfilter
modprobe tun
# Where the generator sends its frames.
for device in router:r0 right:eth0; do
	ip -n "${device%:*}" link set "${device#*:}" address 02:00:00:00:00:01
done
# Replies find their way, whatever ARP and neighbour discovery are told.
neighbour() { # NAMESPACE DEVICE ADDRESS OF_NAMESPACE OF_DEVICE
	ip -n "$1" neigh replace "$3" dev "$2" lladdr "$(within "$4" cat "/sys/class/net/$5/address")" nud permanent
}
for end in 'client 1 r0' 'server 2 r1'; do
	read -r ns net device <<<"$end"
	for prefix in "10.0.$net." "fd00:$net::"; do
		neighbour "$ns" eth0 "${prefix}1" router "$device"
		neighbour router "$device" "${prefix}2" "$ns" eth0
	done
done
serve server 80
points=(prerouting input forward output postrouting)
within router nft add table inet seen
for point in "${points[@]}"; do
	within router nft -f - <<-END
		add counter inet seen $point
		add chain inet seen $point { type filter hook $point priority -1000; }
		add rule inet seen $point counter name $point
	END
done
within router nft 'table netdev seen {
	chain ingress { type filter hook ingress device r0 priority -1000; counter name ingress; }
	counter ingress { }
}'
counted() {
	local family=inet
	if [[ $1 == ingress ]]; then family=netdev; fi
	within router nft list counter "$family" seen "$1" | sed -nE 's/.*packets ([0-9]+) .*/\1/p'
}
# ahead POINT: by how much nft's counter is ahead of the probe beside it, when neither moves.
ahead() {
	local seen counted
	while
		seen=$(figure "$1" packets)
		counted=$(counted "$1")
		[[ $(figure "$1" packets) != "$seen" ]]
	do :; done
	echo $((counted - seen))
}

modload nf_path rate=200
modload nf_lab
for example in rust/examples/*.rs; do
	name=$(basename "$example" .rs)
	case $name in
	delay) parameters=(ms=1) ;;
	quota) parameters=(bytes=1000000000000) ;;
	connection_limit) parameters=(limit=1000) ;;
	time_of_day) parameters=(from=0 to=24) ;;
	*) parameters=() ;;
	esac
	within client insmod "$modules/examples/nf_example_$name.ko" "${parameters[@]}"
done
for point in "${points[@]}"; do
	probe router "$point" "hook=$point" priority=-999
done
probe router ingress family=netdev hook=ingress device=r0 priority=-999

# rewrite NAME NAMESPACE HOOK PRIORITY EVERY ACTION [SETTING...]: not each packet, as the rest shall be as bad as it was.
rewrite() { probe "$2" "$1" "${@:7}" "hook=$3" "priority=$4" "every=$5" "action=$6"; }
rewrite early router prerouting mangle 3 'mark 0x5/0xff ttl 9 dscp 10'
rewrite to4 router prerouting dstnat-1 5 'dst 10.0.2.2 dport 80' match='family ipv4'
rewrite to6 router prerouting dstnat-1 5 'dst fd00:2::2 dport 9' match='family ipv6'
rewrite through router forward filter 4 'sport 1024 dport 65535'
rewrite from4 router postrouting srcnat+1 3 'src 10.0.2.77' match='family ipv4'
rewrite from6 router postrouting srcnat+1 3 'src fd00:2::77' match='family ipv6'
rewrite out router output mangle 2 'mark 1 dscp 1 ttl 64 reroute'
rewrite in server input mangle 3 'sport 7 dst 10.0.2.2'
rewrite later router forward mangle 7 'delay 1'
rewrite queued router forward mangle+1 7 'queue 5 bypass'
rewrite refused server input filter 20 'drop NO_SOCKET'
rewrite on_in router ingress filter 3 'ttl 5 dst 10.0.2.2 sport 9' family=netdev device=r0
rewrite on_out router egress filter 3 'dscp 5 src fd00:2::7 dport 80' family=netdev device=r1
rewrite arp4 router input filter 2 'mark 7' family=arp
rewrite bridged bridge forward filter 3 'ttl 3 dst 10.0.3.2 dport 9' family=bridge
rewrite bridged_later bridge prerouting filter 5 'delay 1' family=bridge
rewrite all client postrouting filter 9 'ttl 63' namespace=all

# bad NAME NAMESPACE WAY TO KIND: an eighth of the packets goes that way.
pids=() sources=()
bad() {
	ip netns exec "$2" qemu/onto "$3" "$4" "$modules/bad_packets/main" "$5" "$seed" $((packets / 8)) 2>"/run/bad.$1" &
	pids+=($!)
	sources+=("$1")
}
declare -A ahead
for point in "${points[@]}" ingress; do ahead[$point]=$(ahead "$point"); done
start=$SECONDS
bad frames client packet eth0 frame
bad offloads client packet+offload eth0 frame+offload
bad bridged left packet eth0 frame
bad tap router tap tap0 frame+offload
bad pieces router tap+pieces tap1 frame+offload+pieces
bad tun router tun tun0 ip+offload
bad raw4 router raw 10.0.2.2 ipv4
bad raw6 client raw fd00:2::2 ipv6
for i in "${!pids[@]}"; do
	status=0
	wait "${pids[i]}" || status=$?
	check "all $((packets / 8)) taken: ${sources[i]}" same "$status" 0
	echo "# ${sources[i]}: $(tail -n 1 "/run/bad.${sources[i]}")"
done
took=$((SECONDS - start))

for point in "${points[@]}" ingress; do
	check "$point: as many as nft counts" same "${ahead[$point]}" "$(ahead "$point")"
	check "$point: many" test "$(figure "$point" packets)" -ge $((packets / 100))
done
for probe in "$lab"/*; do
	echo "# ${probe##*/}: $(grep -E '^(packets|verdict|failed)' "$probe/seen" | paste -sd ,)"
done
echo "# $packets packets, $took s"
sweep
check 'nf_lab unloads' modunload nf_lab
for example in rust/examples/*.rs; do
	name=$(basename "$example" .rs)
	check "$name unloads" unexample "$name"
done
check 'nf_path unloads' modunload nf_path
echo "# $(dmesg --notime | grep 'nf_path: unloaded:')"
check 'nf_path has followed many' test "$(dmesg --notime | sed -nE 's/^nf_path: unloaded: ([0-9]+) packets.*/\1/p')" -ge $((packets / 4))
check 'drop_port has seen some' grep -E 'nf_example_drop_port: [1-9][0-9]* other packets' <(dmesg)
check 'match_string has found its word' grep -E 'nf_example_match_string: [1-9][0-9]* packets dropped' <(dmesg)
check 'traffic passes' within client ping -q -c 1 -W 5 10.0.1.1
