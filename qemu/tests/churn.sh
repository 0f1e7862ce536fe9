#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Everything comes and goes at once, under a flood on both processors: modules, namespaces with hooks and with packets that are
# held, devices with hooks on them, rulesets. Each so many times as the argument says:
#     scripts/enter env LIMIT=7200 qemu/vm churn qemu/tests/churn.sh 1000
# Topology: lib.sh, and left and right with an eth0 between them that comes and goes.
. qemu/lib.sh
. qemu/lab.sh

count=${1-$((slow > 1 ? 1 : 3))}
topology
setup_ns left right
ip -n router link set r0 address 02:00:00:00:00:01
serve server 80

# --- the flood: IPv4, IPv6, TCP, UDP, fragments and more, through the router and out of it, from one processor and the other

floods=()
flood() {
	ip netns exec "$1" taskset -c "$2" nice qemu/onto "$3" "$4" "$modules/bad_packets/main" "$5" "$6" 1000000000 2>"/run/flood.$2" &
	floods+=($!)
}
flood client 0 packet eth0 frame 1
flood router 1 raw fd00:2::2 ipv6 2
ip netns exec client nice ping -q -f -s 3000 10.0.2.2 >/run/ping4 2>&1 &
pings=($!)
ip netns exec client nice ping -q -f -s 3000 fd00:2::2 >/run/ping6 2>&1 &
pings+=($!)

# --- what comes and goes, each so many times

# nf_path and nf_lab, which holds packets in all namespaces, and has a hook on a device when that is there.
pair() {
	local i
	for ((i = 0; i < $1; i++)); do
		modload nf_path rate=10
		modload nf_lab
		probe router held hook=postrouting namespace=all 'action=delay 300'
		probe router changed hook=prerouting every=3 'action=ttl 9 dst 10.0.2.2'
		mkdir "$lab/device"
		write device namespace "${inode[left]}"
		write device family netdev
		write device hook ingress
		write device device eth0
		write device active 1 || :
		cat "$lab"/*/{seen,first,last} /sys/kernel/debug/nf_path/hooks >/dev/null
		sweep
		if ((i % 2)); then rmmod nf_lab nf_path; else rmmod nf_path nf_lab; fi
	done
}

# Each example that is for all namespaces.
examples() {
	local i file
	for ((i = 0; i < $1; i++)); do
		for file in "$modules"/examples/*.ko; do
			[[ $file != */nf_example_on_device.ko ]] || continue
			insmod "$file"
			rmmod "$(basename "$file" .ko)"
		done
	done
}

# A namespace whose packets may be held when it goes. Its device has another end, which goes when it has really gone.
nets() {
	local i
	for ((i = 0; i < $1; i++)); do
		ip netns add passing
		ip link add eth0 netns passing type veth peer name "passing$i" netns server
		ip -n server link set "passing$i" up
		ip -n passing link set lo up
		ip -n passing link set eth0 up
		within passing ping -q -c 3 -i 0.002 -W 0.002 127.0.0.1 >/dev/null || :
		within passing ping -q -c 3 -i 0.002 -W 0.002 ::1 >/dev/null || :
		ip netns del passing
	done
}

# A device that is renamed, moves, and goes, with hooks on it and traffic on its way.
devices() {
	local i pid deletion
	for ((i = 0; i < $1; i++)); do
		ip link add eth0 netns left type veth peer name eth0 netns right
		ip -n left -batch - <<-END
			link set eth0 up
			address add 10.9.0.1/24 dev eth0
		END
		ip -n right -batch - <<-END
			link set eth0 up
			address add 10.9.0.2/24 dev eth0
		END
		within right ping -q -f -c 50 -W 0.01 10.9.0.1 >/dev/null 2>&1 &
		pid=$!
		within left insmod "$modules/examples/nf_example_on_device.ko"
		ip -n left link set eth0 name lan
		case $((i % 4)) in
		0)
			ip -n left link set lan netns right
			rmmod nf_example_on_device
			ip -n right link del lan
			;;
		1)
			ip -n left link del lan
			rmmod nf_example_on_device
			;;
		2)
			rmmod nf_example_on_device
			ip -n right link del eth0
			;;
		3)
			ip -n left link del lan &
			deletion=$!
			rmmod nf_example_on_device
			wait "$deletion"
			;;
		esac
		wait "$pid" || :
	done
}

rulesets() {
	local i
	for ((i = 0; i < $1; i++)); do
		within router nft -f - <<-END
			flush ruleset
			table inet fw {
				chain forward { type filter hook forward priority filter; ct state established,related accept; tcp dport $((i + 1)) drop; }
				chain input { type filter hook input priority filter; udp dport 9 reject; }
			}
			table inet nat {
				chain prerouting { type nat hook prerouting priority dstnat; tcp dport 81 redirect to :80; }
				chain postrouting { type nat hook postrouting priority srcnat; oifname "r1" masquerade; }
			}
		END
	done
}

start=$SECONDS
declare -A pids
for what in pair examples nets devices rulesets; do
	# A shell of its own, which ends with the first command that fails.
	( "$what" "$count"; echo "# $what: $count times in $((SECONDS - start)) s" ) >"/run/$what" 2>&1 &
	pids[$what]=$!
done
declare -A said=([pair]='nf_path and nf_lab' [examples]='each example' [nets]='namespaces' [devices]='devices' [rulesets]='rulesets')
for what in pair examples nets devices rulesets; do
	wait "${pids[$what]}" || :
	check "${said[$what]}: $count times" grep "^# $what: $count times" "/run/$what"
	sed 's/^[^#]/# &/' "/run/$what"
done
arrived() { within router cat /sys/class/net/r0/statistics/rx_packets; }
echo "# the router's r0 has received $(arrived) packets"
check 'there was a flood' test "$(arrived)" -ge $((100 * count))
check 'and it has not ended before' kill -0 "${floods[@]}" "${pings[@]}"
kill -INT "${pings[@]}"
kill "${floods[@]}"
wait "${pings[@]}" "${floods[@]}" || :
for ip in 4 6; do check "replies have come all the time: IPv$ip" grep -E '[1-9][0-9]* received' "/run/ping$ip"; done

# --- what is left of it

ours() { grep -E '^nf_(path|lab|example)' /proc/modules; }
check 'no module' fails ours
hooked() { hooks | grep -E 'nf_(path|lab|example)'; }
check 'no hook' fails hooked
passing() { within server ls /sys/class/net | grep passing; }
check 'none of the namespaces' poll fails passing
check 'none of the devices' fails within left test -e /sys/class/net/lan
ip -n client neigh flush dev eth0
check 'traffic passes' within client ping -q -c 3 -W 5 10.0.2.2
