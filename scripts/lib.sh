# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # variables for the files that source this
# What the scripts share (sourced): where things are kept, how they speak, how they enter a private namespace.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/rust-netfilter
suite=trixie kernel_suite=trixie-backports flavour=cloud-amd64

PATH=$PATH:/usr/sbin:/sbin # chroot and mount's helpers: a user's PATH has them not
codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# The command prefix for a private mount and process namespace: no mount and no process outlives the command.
# A normal user becomes root in a user namespace of their own, which needs a range of user ids (package uidmap).
namespace=(unshare --mount --pid --fork --kill-child)
((EUID == 0)) || namespace+=(--map-auto --map-root-user)

# step WHAT LOG COMMAND...: runs a long command into a log, and shows the seconds and the log's last line meanwhile: on a
# terminal in one line that changes, elsewhere twice a minute. If the command fails, so does the script, with the log's
# end and its path.
step() {
	local what=$1 log=$2 start=$SECONDS status=0 ticker
	shift 2
	mkdir -p "${log%/*}"
	say "$what ... (log: $log)"
	: >"$log"
	trap 'say "$what: interrupted; nothing half-made is used, the next run begins this step anew"; exit 130' INT
	ticker "$log" &
	ticker=$!
	"$@" </dev/null >"$log" 2>&1 || status=$?
	kill "$ticker" 2>/dev/null || true
	wait "$ticker" 2>/dev/null || true
	[[ ! -t 2 ]] || printf '\r\e[K' >&2
	trap - INT
	((status == 0)) || { tail -n 20 "$log" | cut -c 1-300 >&2; die "$what: failed (status $status), whole log: $log"; }
	say "$what: done in $((SECONDS - start)) s"
}

# Ends by itself if the script is killed in the middle of a step.
ticker() {
	local start=$SECONDS width last
	width=$(tput cols 2>/dev/null || echo 80)
	while sleep 1; kill -0 $$ 2>/dev/null; do
		last=$(tail -c 400 "$1" | tr '\r' '\n' | tail -n 1 | tr -cd '[:print:]')
		last="  $((SECONDS - start)) s: $last"
		if [[ -t 2 ]]; then
			printf '\r\e[K%s' "${last:0:width-1}" >&2
		elif (((SECONDS - start) % 30 == 0)); then
			say "${last:0:width}"
		fi
	done
}

# discard TREE: removes what an interrupted step left, which belongs to the namespace's users. Never across a mount.
discard() {
	[[ ! -e $1 ]] || "${namespace[@]}" rm -rf --one-file-system -- "$1"
}
