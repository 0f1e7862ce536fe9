# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables for the scripts, and of lib.sh
# Experiments with nf_lab's probes, for the guest's scripts (sourced after lib.sh).

lab=/sys/kernel/config/nf_lab

# --- probes

# write PROBE FILE VALUE
write() { printf %s "$3" 2>/dev/null >"$lab/$1/$2"; }

# refuses ERROR PROBE FILE VALUE: that cannot be written, and the error is this.
refuses() {
	local said
	! said=$({ printf %s "$4" >"$lab/$2/$3"; } 2>&1) && [[ $said == *": $1" ]]
}

# probe NAMESPACE NAME FILE=VALUE...: makes a probe in that namespace, and it is active.
probe() {
	local name=$2 setting
	mkdir "$lab/$name"
	write "$name" namespace "${inode[$1]}"
	for setting in "${@:3}"; do write "$name" "${setting%%=*}" "${setting#*=}"; done
	write "$name" active 1
}

# around NAME HOOK PRIORITY FILE=VALUE...: probes NAME-1 and NAME+1 on the router, just before that priority and just after it.
around() {
	probe router "$1-1" "hook=$2" "priority=$3-1" "${@:4}"
	probe router "$1+1" "hook=$2" "priority=$3+1" "${@:4}"
}

# sweep: removes all probes.
sweep() { if compgen -G "$lab/*" >/dev/null; then rmdir "$lab"/*; fi; }

# figure PROBE NAME: a figure of what it has seen, packets where there are bytes too; 0 where none is shown.
figure() {
	awk -v name="$2 " 'index($0, name) == 1 { $0 = substr($0, length(name) + 1); value = $1 } END { print value + 0 }' "$lab/$1/seen"
}

# states PROBE: the conntrack states that it has seen, and how many packets in each.
states() { awk '$1 == "ct" { printf "%s%s %s", comma, $2, $3; comma = ", " } END { print "" }' "$lab/$1/seen"; }

# flow PROBE first|last: source and destination of that packet.
flow() { sed -nE 's/^at=.* (IPv[46]|ARP op=[0-9]+) ([^ ]+) .*/\2/p' "$lab/$1/$2"; }

# field PROBE first|last NAME: a field of that packet.
field() { sed -nE "s/^at=.* $3=([^ ]+).*/\\1/p" "$lab/$1/$2"; }

# --- experiments

declare -A client=([4]=10.0.1.2 [6]=fd00:1::2) server=([4]=10.0.2.2 [6]=fd00:2::2)
declare -A near=([4]=10.0.1.1 [6]=fd00:1::1) far=([4]=10.0.2.1 [6]=fd00:2::1)

# experiments NAME...: makes them, each in namespaces that are as new.
experiments() {
	local base
	topology
	serve server 80
	receive server 9
	# What matches echo requests and replies; of ICMPv6 there is more.
	declare -gA echoes=([4]='proto icmp'
		[6]="bpf $(tcpdump -y RAW -ddd 'icmp6 and (ip6[40] == 128 or ip6[40] == 129)' 2>/dev/null | paste -sd ,)")
	modload nf_lab
	base=$(jobs -p)
	for experiment; do
		fresh "$base"
		# shellcheck disable=SC1090 # one of qemu/experiments
		. "qemu/experiments/$experiment.sh"
	done
	fresh "$base"
	rmmod nf_lab
}

# fresh PIDS: no probes, rules or connections, and of the background jobs only these.
fresh() {
	local ns job
	for job in $(jobs -p); do
		grep -qx "$job" <<<"$1" || { kill "$job"; wait "$job" || :; } 2>/dev/null
	done
	sweep
	for ns in client router server; do
		within "$ns" nft flush ruleset
		within "$ns" conntrack -F 2>/dev/null
	done
	arrived_before=$(grep -c hello /run/server.9) || :
}

# The four parts of an experiment.
question() {
	if [[ ${0##*/} == lab-guest ]]; then printf '\n%s: %s\n' "$experiment" "$1"; fi
}
setup() {
	if [[ ${0##*/} == lab-guest ]]; then
		printf '%s\n' "$*" | fold -s -w 108 | sed '1s/^/  set-up    /; 1!s/^/            /'
		printf '            %-44s %-42s %s\n' '' expected observed
	fi
}
why() {
	if [[ ${0##*/} == lab-guest ]]; then printf '%s\n' "$*" | fold -s -w 108 | sed '1s/^/  why       /; 1!s/^/            /'; fi
}

# expect WHAT EXPECTED COMMAND [ARGUMENT...]: what the command prints, sooner or later, is what is expected. For what shall not
# change the command must wait, as `arrived` does, or `settle` come before it.
expect() {
	local what=$1 expected=$2 observed end=$((SECONDS + 20 * slow))
	shift 2
	while
		observed=$("$@") || :
		[[ $observed != "$expected" ]] && ((SECONDS < end))
	do read -rt 0.05 -u "$never" || :; done
	if [[ ${0##*/} != lab-guest ]]; then
		check "$experiment: $what" same "$expected" "$observed"
		return
	fi
	if [[ $observed == "$expected" ]]; then
		printf '            '
	else
		printf '  NOT OK    '
		failed=$((failed + 1))
	fi
	# What does not fit stands on lines of its own, one under the other.
	if ((${#expected} > 42)); then
		printf '%s\n%55s  %s\n%55s  %s\n' "$what" expected "$expected" observed "$observed"
	else
		printf '%-44s %-42s %s\n' "$what" "$expected" "$observed"
	fi
}

# --- what experiments are made of

# track NAMESPACE: a rule there asks for connection tracking.
track() { within "$1" nft 'table inet track { chain forward { type filter hook forward priority security; ct state new; }; }'; }

# entries NAMESPACE 4|6 [ARGUMENT...]: how many connections of that kind its table has.
entries() { within "$1" conntrack -L -f "ipv$2" "${@:3}" 2>/dev/null | wc -l; }

# redirect tcp|udp PORT TO: a rule of the router sends what comes for that port of its own to port TO of the server.
redirect() {
	within router nft -f - <<-END
		table inet nat {
			chain prerouting {
				type nat hook prerouting priority dstnat
				ip daddr ${near[4]} $1 dport $2 dnat ip to ${server[4]}:$3
				ip6 daddr ${near[6]} $1 dport $2 dnat ip6 to [${server[6]}]:$3
			}
		}
	END
}

# ends SOURCE PORT DESTINATION PORT: as `flow` writes them.
ends() { printf "%s:%s>%s:%s\n" "$(bracket "$1")" "$2" "$(bracket "$3")" "$4"; }

# settle: what the client has sent is where it goes. On its way through veth it waits in the backlog of a processor, for the
# router and again for the server; a ping over loopback goes through that twice, too, and behind it.
settle() {
	local cpu
	for ((cpu = 0; cpu < $(nproc); cpu++)); do taskset --cpu-list "$cpu" ping -q -c 1 127.0.0.1 >/dev/null; done
}

# arrived: how many datagrams have come to the server's port 9 in this experiment, when all have that will.
arrived() {
	local last=last-$EPOCHREALTIME
	settle
	within server bash -c "echo $last >/dev/udp/${server[4]}/9"
	poll grep -q "$last" /run/server.9
	echo $(($(grep -c hello /run/server.9) - arrived_before))
}

# pings NAMESPACE ADDRESS NUMBER: how many of them are answered.
pings() { within "$1" ping -c "$3" -i 0.01 -W 1 "$2" | sed -n 's/.* \([0-9]*\) received.*/\1/p'; }
