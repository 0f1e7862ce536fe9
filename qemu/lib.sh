# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # some variables are for the scripts
# What the guest's scripts share (sourced): network namespaces, traffic, the module, its lines in the kernel log, and
# KTAP results as the kernel's selftests print them.
#
# topology:
#          client                        router                        server
#   eth0 10.0.1.2/24  ----  r0 10.0.1.1/24  r1 10.0.2.1/24  ----  eth0 10.0.2.2/24
#        fd00:1::2/64          fd00:1::1/64    fd00:2::1/64            fd00:2::2/64
#   The router drops what goes to TCP port 23 and masquerades what leaves by r1.
set -euo pipefail

modules=$PWD/build/$(uname -r)/rust

# What takes its time takes so many times as long: the sanitizer kernel is slow.
slow=1
[[ $(uname -r) != *-debug ]] || slow=8

# --- results

tests=0
failed=0

# check DESCRIPTION COMMAND [ARGUMENT...]: one test, passed if the command succeeds.
check() {
	local what=$1 output
	shift
	tests=$((tests + 1))
	if output=$("$@" 2>&1); then
		echo "ok $tests $what"
	else
		failed=$((failed + 1))
		echo "not ok $tests $what"
		output="failed: $*${output:+$'\n'$output}"
		echo "# ${output//$'\n'/$'\n'# }"
	fi
}

fails() { ! "$@"; }

same() {
	[[ $1 == "$2" ]] || {
		printf 'one:   %s\nother: %s\n' "$1" "$2"
		return 1
	}
}

# like TEXT PATTERN: all of it.
like() {
	[[ $1 =~ ^$2$ ]] || {
		printf 'text:    %s\npattern: %s\n' "$1" "$2"
		return 1
	}
}

finish() {
	local status=$? ns module
	set +e
	((status == 0)) || echo "# ended by: $1"
	((status || !tests)) || echo "1..$tests"
	# shellcheck disable=SC2046 # a list of numbers
	kill $(jobs -p) 2>/dev/null
	for ns in "${namespaces[@]}"; do ip netns del "$ns"; done
	for module in /sys/module/nf_{path,lab,test_*,example_*}; do
		[[ ! -d $module ]] || rmmod "${module##*/}"
	done
	exit $((status ? status : failed > 0))
}
trap 'finish "$BASH_COMMAND"' EXIT

# A pipe in which nothing comes: to wait for that takes no process, as sleep would.
exec {never}<> <(:)

# poll COMMAND [ARGUMENT...]: until it succeeds, twenty seconds at most: a guest without KVM on a busy machine is slow.
poll() {
	local end=$((SECONDS + 20 * slow))
	until "$@"; do
		((SECONDS < end)) || return 1
		read -rt 0.05 -u "$never" || :
	done
}

# --- namespaces

namespaces=()
declare -A inode # of each namespace, which names it in nf_path's lines

setup_ns() {
	local ns
	for ns; do
		ip netns add "$ns"
		namespaces+=("$ns")
		inode[$ns]=$(stat --dereference --format=%i "/run/netns/$ns")
		ip -n "$ns" link set lo up
	done
}

# (In the background it is a shell that waits for the command, and to kill that does not end the command: ip netns exec.)
within() { ip netns exec "$@"; }

topology() {
	# Beforehand and at once: nft would ask for one after another, which takes three times as long.
	modprobe --all nft_ct nft_chain_nat nft_masq &
	local modprobe=$!
	setup_ns client router server
	ip -batch - <<-'END'
		link add eth0 netns client type veth peer name r0 netns router
		link add eth0 netns server type veth peer name r1 netns router
	END
	ip -n client -batch - <<-'END'
		link set eth0 up
		address add 10.0.1.2/24 dev eth0
		address add fd00:1::2/64 dev eth0 nodad
		route add default via 10.0.1.1
		route add default via fd00:1::1
	END
	ip -n server -batch - <<-'END'
		link set eth0 up
		address add 10.0.2.2/24 dev eth0
		address add fd00:2::2/64 dev eth0 nodad
		route add default via 10.0.2.1
		route add default via fd00:2::1
	END
	ip -n router -batch - <<-'END'
		link set r0 up
		link set r1 up
		address add 10.0.1.1/24 dev r0
		address add 10.0.2.1/24 dev r1
		address add fd00:1::1/64 dev r0 nodad
		address add fd00:2::1/64 dev r1 nodad
	END
	within router sysctl --quiet net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	wait "$modprobe"
	within router nft -f - <<-'END'
		table inet fw {
			chain forward {
				type filter hook forward priority filter
				ct state established,related accept
				tcp dport 23 counter drop
				accept
			}
		}
		table inet nat {
			chain postrouting {
				type nat hook postrouting priority srcnat
				oifname "r1" masquerade
			}
		}
	END
}

# bridge_topology: two hosts and a bridge between them.
#          left                          bridge                       right
#   eth0 10.0.3.1/24    ----    b0 (br0, no address) b1    ----    eth0 10.0.3.2/24
#        fd00:3::1/64                                                   fd00:3::2/64
bridge_topology() {
	local ns host=1
	setup_ns left bridge right
	ip -batch - <<-'END'
		link add eth0 netns left type veth peer name b0 netns bridge
		link add eth0 netns right type veth peer name b1 netns bridge
	END
	ip -n bridge -batch - <<-'END'
		link add br0 type bridge
		link set b0 master br0
		link set b1 master br0
		link set b0 up
		link set b1 up
		link set br0 up
	END
	for ns in left right; do
		ip -n "$ns" link set eth0 up
		ip -n "$ns" address add "10.0.3.$host/24" dev eth0
		ip -n "$ns" address add "fd00:3::$host/64" dev eth0 nodad
		host=$((host + 1))
	done
}

# --- traffic

# serve NAMESPACE PORT: a TCP echo server, IPv4 and IPv6, there when this returns. (socat's own PIPE would wait for itself
# when that is full.)
serve() {
	ip netns exec "$1" socat -d0 "TCP6-LISTEN:$2,ipv6-v6only=0,reuseaddr,fork" EXEC:cat &
	poll listening "$@"
}

listening() { [[ $(within "$1" ss --no-header --listening --numeric --tcp "sport = :$2") ]]; }

# tcp NAMESPACE ADDRESS PORT SOURCE_PORT [SECONDS]: a connection made within that time, and closed by both sides.
tcp() { within "$1" socat -u OPEN:/dev/null "TCP:$(bracket "$2"):$3,sourceport=$4,reuseaddr,connect-timeout=${5-5}"; }

# udp NAMESPACE ADDRESS PORT SOURCE_PORT: a datagram of six bytes.
udp() { echo hello | within "$1" socat -u - "UDP:$(bracket "$2"):$3,sourceport=$4"; }

# receive NAMESPACE PORT: what arrives there by UDP, IPv4 and IPv6, goes to a file that `received` reads.
receive() {
	ip netns exec "$1" socat -d0 -u "UDP6-RECV:$2,ipv6-v6only=0" "CREATE:/run/$1.$2" &
	poll receives "$1" "$2"
}
receives() { [[ $(within "$1" ss --no-header --numeric --udp --all "sport = :$2") ]]; }
# received NAMESPACE PORT NUMBER: so many datagrams of `udp` have arrived in all.
received() { poll has_received "$@"; }
has_received() { (($(grep -c hello "/run/$1.$2") == $3)); }

# echo_request NAMESPACE ADDRESS ID
echo_request() { within "$1" ping -q -c 1 -W 2 -e "$3" "$2" >/dev/null; }

# offload on|off NAMESPACE:DEVICE...: are transport checksums and segments left to the device when it sends? What it receives
# has its checksums verified by the stack.
offload() {
	local device
	for device in "${@:2}"; do
		within "${device%:*}" ethtool -K "${device#*:}" rx off tx "$1" >/dev/null
	done
}

# capture NAMESPACE:DEVICE: what the device receives and sends, but for ARP, is what `captured` looks at, until end_capture.
declare -A capturing
capture() {
	ip netns exec "${1%:*}" tcpdump -n -vv -l -i "${1#*:}" not arp >"/run/capture.$1" 2>"/run/capturing.$1" &
	capturing[$1]=$!
	poll grep -q 'listening on' "/run/capturing.$1"
}
# end_capture NAMESPACE:DEVICE PATTERN: the last packet is one that the capture must have.
end_capture() {
	poll captured "$@" >/dev/null
	kill "${capturing[$1]}"
	wait "${capturing[$1]}" || :
}
captured() { grep -E -e "$2" "/run/capture.$1"; }
# Packets with a wrong checksum that any namespace has received.
checksum_errors() {
	local ns
	for ns in "${namespaces[@]}"; do within "$ns" nstat -a -s -z -j; done | grep -oE '"[A-Za-z0-9]*CsumErrors":[1-9]'
}

bracket() { if [[ $1 == *:* ]]; then echo "[$1]"; else echo "$1"; fi; }

# --- the module and the kernel log

# mark TEXT: what follows in the log is what `log`, `lines` and `seen` look at. What was there goes to a file, which qemu/init
# puts together with the rest: to read it all again and again would take long.
mark() {
	echo "mark: $1" >/dev/kmsg
	dmesg --syslog --read-clear >>/run/dmesg
}

log() { dmesg --notime; }

# lines PATTERN: the log's lines since the mark that match the extended regular expression.
lines() { log | grep -E -e "$1"; }

# seen LINE...: each stands in the log since the mark, after "nf_path: ". Lines are plain text from their first word on,
# and may leave out words at their end.
seen() { poll has_all "$@" || { missing "$@"; return 1; }; }
has_all() { ! missing "$@" >/dev/null; }
missing() {
	local text line status=1
	text=$(log)
	for line; do
		grep -qF -e "nf_path: $line" <<<"$text" || { status=0; echo "not seen: nf_path: $line"; }
	done
	return "$status"
}

unseen() { fails lines "$1"; }

# path PATTERN: all lines of the first packet of which a line since the mark matches, once it has ended: less "nf_path: #N ns=",
# namespaces by their names, and without times.
path() {
	poll path_ended "$1" || return 1
	named | sed -E 's/^#[0-9]+ //; s/ ([0-9.]+(us|ms|s)|-) / /; s/, [0-9.]+(us|ms|s);/;/'
}
# named: the lines of the packet that `path_ended` has found, with their times.
named() {
	local names='' ns
	for ns in "${namespaces[@]}"; do names+="s/ ns=${inode[$ns]} / $ns /;"; done
	grep -E "^nf_path: $number " <<<"$taken" | sed "s/^nf_path: //; $names"
}
path_ended() {
	taken=$(log)
	number=$(grep -E -e "$1" <<<"$taken" | grep -oEm 1 '#[0-9]+') &&
		grep -qE "^nf_path: $number ns=[0-9]+ [A-Z_]+ (DELIVERED|SENT|DROPPED|TAKEN|ENDED)" <<<"$taken"
}

# laid NAMESPACE: nf_path has rungs at all points of a namespace that is new.
laid() { poll has_rungs "$1"; }
has_rungs() { (($(within "$1" nft list hooks | grep -c nf_path) >= 10)); }

# hooks: what nft lists in the topology's namespaces.
hooks() {
	local ns
	for ns in client router server; do
		echo "$ns:"
		within "$ns" nft list hooks
	done
}

# modload MODULE [PARAMETER=VALUE...]
modload() { insmod "$modules"/*/"$1.ko" "${@:2}"; }
modunload() { rmmod "$1"; }

# example NAME [PARAMETER=VALUE...]: loads rust/examples/NAME.rs; what follows in the log is its own.
example() {
	mark "$1"
	modload "nf_example_$1" "${@:2}"
}
unexample() { modunload "nf_example_$1"; }

# forgive_leaks: what has been leaked until now was leaked on purpose, and the search for leaks at the guest's end (qemu/init)
# says nothing of it.
forgive_leaks() {
	local leaks=/sys/kernel/debug/kmemleak
	[[ -e $leaks ]] || return 0
	echo scan >"$leaks"
	sleep 5
	echo scan >"$leaks"
	echo clear >"$leaks"
}

# kunit SUITE: KUnit has run the suite of a module that is loaded, at least one test of it, and all have passed. (insmod
# succeeds whatever they do.)
kunit() {
	local results=/sys/kernel/debug/kunit/$1/results
	grep -qE '^ +ok ' "$results" && fails grep -E 'not ok|# SKIP' "$results"
}

# Another test may have run here before.
mark "${0##*/}"
