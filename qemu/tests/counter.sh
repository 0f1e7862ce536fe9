#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Counters count every packet, from tasks and softirqs of all CPUs at once: nft's counters at the same points have the
# same figures (rust/tests/nf_test_counter.ko).
. qemu/lib.sh

setup_ns lone
within lone nft -f - <<-'END'
	table inet t {
		counter c {
		}
		chain sent {
			type filter hook output priority filter
			counter name c
		}
		chain received {
			type filter hook input priority filter
			counter name c
		}
	}
END
within lone insmod "$modules/tests/nf_test_counter.ko"
mark counting
# At least 16 bytes: without room for a time stamp in it, ping waits for ever for an answer that its socket has lost.
senders=()
for ip in 127.0.0.1 ::1; do
	for size in 16 56 1400 20000; do
		within lone ping -q -f -c 250 -s "$size" "$ip" >/dev/null &
		senders+=($!)
	done
done
wait "${senders[@]}"
serve lone 80
check 'IPv4 TCP' tcp lone 127.0.0.1 80 40004
check 'IPv6 TCP' tcp lone ::1 80 40006
# The connections are closed, and nothing is sent any more.
figures() { within lone nft list counter inet t c | awk '/packets/ { print $1, $2, $3, $4 }'; }
settled() { [[ $(figures) == "$(sleep 0.5; figures)" ]]; }
poll settled
expected=$(figures)
modunload nf_test_counter
check 'the same packets and bytes as nft counts' lines "^nf_test_counter: $expected\$"
read -r _ packets _ bytes <<<"$expected"
check 'enough to mean something' test "$packets" -gt 8000 -a "$bytes" -gt 10000000
check 'a hook gets no counter' unseen 'a hook got'
