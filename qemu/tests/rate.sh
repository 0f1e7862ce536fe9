#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# No more lines a second than rate= allows, and none is lost without being counted. Topology: lib.sh.
. qemu/lib.sh

topology

# Losses are told with the first line of the next second that has one.
told() {
	echo_request client "$ip" 1
	lines '^nf_path: [1-9][0-9]* lines not printed \(limit 100 a second\)$'
}

for ip in 10.0.2.2 fd00:2::2; do
	mark "$ip"
	start=$SECONDS
	modload nf_path rate=100
	within client ping -q -f -c 300 -W 1 "$ip" >/dev/null
	check "$ip: losses are told while they happen" poll told
	modunload nf_path
	seconds=$((SECONDS - start + 2)) # the first and the last are not whole

	printed=$(lines '^nf_path: ns=' | wc -l)
	summary=$(lines '^nf_path: unloaded: ')
	read -r said_seen said_printed said_not <<<"${summary//[^0-9]/ }"
	check "$ip: ${summary#*: }: printed as it says" same "$printed" "$said_printed"
	check "$ip: seen = printed + not printed" same "$said_seen" $((said_printed + said_not))
	# Each request and each answer passes 4 hooks in the client, 6 in the router, 4 in the server.
	check "$ip: all were seen" test "$said_seen" -ge $((300 * 2 * 14))
	check "$ip: the limit holds, $printed lines in at most $seconds seconds" test "$printed" -le $((100 * seconds))
done
