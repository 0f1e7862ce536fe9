#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# nf_path in a thousand namespaces: it follows packets in the last as in the first. None has a name; they live as long as
# the process that has made them, which is in the last.
. qemu/lib.sh

coproc made { python3 -c '
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 2000))
kept = []
for _ in range(1000):
    os.unshare(os.CLONE_NEWNET)
    kept.append(os.open("/proc/self/ns/net", os.O_RDONLY))
print("made", flush=True)
sys.stdin.read()'; }
read -r _ <&"${made[0]}"
# shellcheck disable=SC2154 # coproc's
last() { nsenter --net="/proc/$made_PID/ns/net" "$@"; }
number=$(stat --dereference --format=%i "/proc/$made_PID/ns/net")

last ip link set lo up
modload nf_path
delivered() { lines "^nf_path: #[0-9]+ ns=$number LOCAL_IN DELIVERED.* ICMP type=8"; }
followed() { last ping -q -c 1 127.0.0.1 >/dev/null && poll delivered; }
check 'a packet in the last is followed' followed
check 'rungs are everywhere' unseen 'rungs could not be laid'
modunload nf_path
check 'unloads' lines '^nf_path: unloaded: '
