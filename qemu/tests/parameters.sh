#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# nf_path's parameters choose packets; wrong ones are refused, and dmesg says which, and what is right. Topology: lib.sh.
. qemu/lib.sh

topology
serve server 80
serve server 81

# refused PARAMETER=VALUE: insmod fails with EINVAL, and one line names parameter and value.
refused() {
	local output
	mark "$1"
	if output=$(modload nf_path "$1" 2>&1); then
		modunload nf_path
		echo "insmod took $1"
		return 1
	fi
	grep -F 'Invalid parameters' <<<"$output" || { echo "$output"; return 1; }
	[[ $(lines "^nf_path: .*\\b${1%=*}\\b" | grep -cwF -e "${1#*=}") == 1 ]] || { log; return 1; }
}

for wrong in proto=256 proto=-1 proto=tcp port=65536 port=-1 port=http netns=-1 netns=client rate=-1 rate=many rate=0 \
	verbosity=3 verbosity=-1 verbosity=all; do
	check "$wrong is refused" refused "$wrong"
done

traffic() {
	tcp client 10.0.2.2 80 40004
	tcp client fd00:2::2 80 40006
	tcp client 10.0.2.2 81 40014
	udp client 10.0.2.2 80 40024
	udp client fd00:2::2 80 40026
	echo_request client 10.0.2.2 1
}

# Protocol and port of what is seen, sorted.
kinds() {
	local protocol port
	for protocol in TCP UDP ICMP; do
		for port in :80 :81 ''; do
			lines "^nf_path: .* IPv[46] .*${port}[ >].*$protocol " >/dev/null && echo -n "$protocol$port "
		done
	done
	return 0
}

choose() { # WANTED PARAMETER...
	local wanted=$1
	shift
	modload nf_path "$@"
	mark "$*"
	traffic
	modunload nf_path
	same "$(kinds)" "$wanted"
}

check 'nothing chosen: all' choose 'TCP:80 TCP:81 TCP UDP:80 UDP ICMP '
check 'proto=6: TCP' choose 'TCP:80 TCP:81 TCP ' proto=6
check 'proto=17: UDP' choose 'UDP:80 UDP ' proto=17
check 'port=80: TCP and UDP' choose 'TCP:80 TCP UDP:80 UDP ' port=80
check 'proto=6 port=81' choose 'TCP:81 TCP ' proto=6 port=81
check 'port=40026: the source port counts' choose 'UDP:80 UDP ' port=40026

# told VERBOSITY: which kinds of lines there are of a packet that is delivered, and of one that is dropped.
told() {
	mark "verbosity=$1"
	modload nf_path verbosity="$1"
	tcp client 10.0.2.2 80 40034
	fails tcp client 10.0.2.2 23 40044 0.3 2>/dev/null
	modunload nf_path
	for port in 40034 40044; do
		path_ended ":$port>.* TCP flags=S\b" || :
		named |
			sed -nE 's/.* in=.*/point/p; s/.* [A-Z_]+ (DELIVERED|DROPPED)[ ;].*/\1/p; s/.* inet fw forward .*/hook/p' | uniq | paste -sd ' '
	done
}
check 'verbosity=0: how each has ended' same "$(told 0)" $'DELIVERED\nDROPPED'
check 'verbosity=1: all of what is dropped' same "$(told 1)" $'\npoint DROPPED'
check 'verbosity=2: all' same "$(told 2)" $'point hook point DELIVERED\npoint DROPPED'
