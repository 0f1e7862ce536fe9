#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# No more lines a second than rate= allows, and none is lost without being counted. Topology: lib.sh.
. qemu/lib.sh

topology

# Losses are told in the next second.
told() { lines '^nf_path: [1-9][0-9]* lines not printed \(limit 100 a second\)$'; }

for ip in 10.0.2.2 fd00:2::2; do
	mark "$ip"
	start=$SECONDS
	modload nf_path rate=100
	within client ping -q -f -c 300 -W 1 "$ip" >/dev/null
	check "$ip: losses are told while they happen" poll told
	modunload nf_path
	seconds=$((SECONDS - start + 2)) # the first and the last are not whole

	printed=$(lines '^nf_path: #' | wc -l)
	summary=$(lines '^nf_path: unloaded: ')
	read -r packets said_printed said_not not_followed lost <<<"${summary//[^0-9]/ }"
	check "$ip: ${summary#*: }: printed as it says" same "$printed" "$said_printed"
	# Each request and each answer passes seven points, and has one end.
	check "$ip: all were seen" test "$packets" -ge 600
	check "$ip: and all were printed or counted" test $((said_printed + said_not)) -ge $((600 * 8))
	check "$ip: each was followed" test "$not_followed $lost" = '0 0'
	check "$ip: the limit holds, $printed lines in at most $seconds seconds" test "$printed" -le $((100 * seconds))
done
