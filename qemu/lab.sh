# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# nf_lab's probes, for the guest's scripts (sourced after lib.sh).

lab=/sys/kernel/config/nf_lab

# write PROBE FILE VALUE
write() { printf %s "$3" 2>/dev/null >"$lab/$1/$2"; }

# sweep: removes all probes.
sweep() { if compgen -G "$lab/*" >/dev/null; then rmdir "$lab"/*; fi; }

# probe NAMESPACE NAME FILE=VALUE...: makes a probe in that namespace, and it is active.
probe() {
	local name=$2 setting
	mkdir "$lab/$name"
	write "$name" namespace "${inode[$1]}"
	for setting in "${@:3}"; do write "$name" "${setting%%=*}" "${setting#*=}"; done
	write "$name" active 1
}

# figure PROBE NAME: a figure of what it has seen, packets where there are bytes too; 0 where none is shown.
figure() {
	awk -v name="$2 " 'index($0, name) == 1 { $0 = substr($0, length(name) + 1); value = $1 } END { print value + 0 }' "$lab/$1/seen"
}
