#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# No more lines a second than rate= allows, and none is lost without being counted. Topology: lib.sh.
. qemu/lib.sh

topology

# total TEXT: the sum of the numbers before TEXT in nf_path's lines.
total() { log | sed -n "s/^nf_path: .*\b\([0-9]\+\) $1.*/\1/p" | awk '{ sum += $1 } END { print sum + 0 }'; }

for ip in 10.0.2.2 fd00:2::2; do
	mark "$ip"
	start=$SECONDS
	modload nf_path rate=100
	within client ping -q -f -c 300 -W 1 "$ip" >/dev/null
	modunload nf_path
	took=$((SECONDS - start + 1))

	printed=$(lines '^nf_path: ns=' | wc -l)
	summary=$(lines '^nf_path: unloaded: ')
	read -r said_seen said_printed said_not <<<"${summary//[^0-9]/ }"
	check "$ip: lines printed as it says ($summary)" same "$printed" "$said_printed"
	check "$ip: seen = printed + not printed" same "$said_seen" $((said_printed + said_not))
	# Each request and each answer: 4 hooks in the client, 6 in the router, 4 in the server.
	check "$ip: all were seen" test "$said_seen" -ge $((300 * 2 * 14))
	check "$ip: losses are told while they happen" test "$(total 'lines not printed (limit 100 a second)')" -gt 0
	check "$ip: the limit holds ($printed lines in $took seconds)" test "$printed" -le $((100 * (took + 1)))
done
