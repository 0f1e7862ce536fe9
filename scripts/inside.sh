#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The second half of scripts/enter, run by it as process 1 of the private namespaces: mounts and runs the command.
# Usage: inside.sh ROOT KERNEL CACHE PROJECT COMMAND...   (ROOT may be /, KERNEL may be empty: none yet)
set -euo pipefail
root=$1 kernel=$2 cache=$3 project=$4
shift 4

bind() {
	mkdir -p "${root%/}$1"
	mount "${2:---bind}" "$1" "${root%/}$1"
}

if [[ $root != / ]]; then
	mount --bind "$root" "$root" # so that / is a mount in there too, as unshare and df expect
	bind /dev --rbind
	bind /sys --rbind
	mount -t tmpfs tmp "$root/tmp"
	mount -t tmpfs run "$root/run"
	bind "$cache"
	bind "$project"
fi
mount -t proc proc "${root%/}/proc"

# Debian's kernel packages name each other by paths below these two folders; other packages have files there as well.
if [[ $kernel ]]; then
	for folder in usr/src usr/lib/modules; do
		mkdir -p "${root%/}/$folder"
		mount -t overlay -o "ro,lowerdir=$kernel/$folder:${root%/}/$folder" kernel "${root%/}/$folder"
	done
	KERNEL_RELEASE=$(cat "$kernel/release")
fi

# A clean environment: the host's PATH, RUSTFLAGS or MAKEFLAGS are not meant for in here. The command is a child and
# not process 1 itself, since that one ignores the keyboard's interrupt.
status=0
chroot "$root" env --ignore-environment --chdir="$PWD" \
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	HOME="$HOME" XDG_CACHE_HOME="${cache%/*}" LANG=C.UTF-8 TERM="${TERM:-dumb}" ${CI:+CI="$CI"} \
	${KERNEL_RELEASE:+KERNEL="$KERNEL" KERNEL_RELEASE="$KERNEL_RELEASE"} "$@" || status=$?
exit "$status"
