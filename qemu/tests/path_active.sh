#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# nf_path/active in debugfs: off, nothing of nf_path is called; on again, it goes on where it was. Topology: lib.sh.
. qemu/lib.sh

topology
receive server 80
# Two at a priority, so that there are probes too.
within router nft add chain inet fw twin '{ type filter hook forward priority filter; }'
modload nf_path proto=17
active=/sys/kernel/debug/nf_path/active
rungs() { hooks | grep -c nf_path; }
probes() { grep -c '^nft_do_chain_inet ' /sys/kernel/tracing/enabled_functions; }
# first: the number of the last datagram's path
number() { path_ended ":$1>.*:80 UDP" && echo "${number#?}"; }
state() { echo "$(($(rungs) > 0)) $(probes) $(<"$active")"; }
is() { [[ $(state) == "$1" ]]; }

check 'on when it is loaded' poll is '1 1 1'
mark on
udp client 10.0.2.2 80 41001
first=$(poll number 41001)
check 'a packet is followed' test -n "$first"

# Under way: a hook has it.
example delay ms=60000
poll is '1 1 1'
mark delayed
udp client 10.0.2.2 80 41002
poll lines "^nf_path: #$((first + 1)) ns=.* away:"
echo 0 >"$active"
check 'off: no hooks, no probes' same "$(state)" '0 0 0'
check 'what is under way has ended' seen "#$((first + 1)) ns=${inode[client]} POST_ROUTING ENDED: nf_path is off; 2 points"
unexample delay
mark off
udp client 10.0.2.2 80 41003
received server 80 2 # not the one that was delayed
check 'packets pass, and are not followed' unseen '^nf_path: '
check 'the table is empty' same "$(<"${active%/*}/hooks")" ''
echo 0 >"$active"
check 'off twice' same "$(state)" '0 0 0'
wrong() { fails bash -c "echo '$1' >$active" 2>/dev/null && same "$(<"$active")" 0; }
for value in 2 '' x 00000000000000000000; do check "'$value' is refused" wrong "$value"; done

mark 'on again'
echo 1 >"$active"
echo 1 >"$active"
check 'on: rungs are there at once' test "$(rungs)" -gt 0
check 'the probe too' poll is '1 1 1'
udp client 10.0.2.2 80 41004
check 'numbers go on' same "$(poll number 41004)" $((first + 2))

# Under traffic, and by two at once.
within client ping -q -f -c 2000 10.0.2.2 >/run/flood &
flood=$!
times() { wc -l </run/times; }
turn() { while kill -0 "$flood" 2>/dev/null; do echo "$1" >"$active"; echo "$1" >>/run/times; done; }
turn 0 &
turn 1
wait $!
echo "# written $(times) times"
check 'turned on and off under traffic' test "$(times)" -gt 4
check 'all gets through' grep -q ' 0% packet loss' /run/flood
echo 0 >"$active"
check 'off' same "$(state)" '0 0 0'
check 'unloads while off' modunload nf_path

# One line a packet, though for a second nothing was heard of it.
modload nf_path proto=17 verbosity=0
example delay ms=1500
mark away
udp client 10.0.2.2 80 41005
check 'verbosity=0: how it has ended, and not that it was away' same "$(path ':41005>.*:80 UDP' | sed 's/;.*//')" 'server LOCAL_IN DELIVERED'
modunload nf_path
unexample delay
