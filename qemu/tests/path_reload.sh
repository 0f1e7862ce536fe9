#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# While rulesets are exchanged under traffic no drop is attributed to a chain that did not drop it. Chain x drops what goes to
# port 1001, chain y what goes to 1002; one of them is there at a time, both at the same priority and, as memory is used
# again at once, in the same place. Topology: lib.sh.
. qemu/lib.sh

topology
ruleset() { # CHAIN PORT
	echo "table inet t { chain $1 { type filter hook forward priority 7; udp dport $2 counter drop; }; }"
}
ruleset x 1001 | within router nft -f -
modload nf_path verbosity=0 rate=1000000 proto=17
dmesg --follow-new --notime >/run/log &

cat >/run/send <<'END'
import os, socket, time
sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(20)]
sent = 0
while not os.path.exists("/run/enough"):
    for s in sockets:
        for port in (1001, 1002):
            try:
                s.sendto(b"%08d" % sent, ("10.0.2.2", port))
                sent += 1
            except OSError:
                pass
    time.sleep(0.02)
print(sent)
END
ip netns exec client python3 /run/send >/run/sent &
sender=$!
exchanges=30
for ((i = 0; i < exchanges; i++)); do
	if ((i % 2)); then new='x 1001'; else new='y 1002'; fi
	# shellcheck disable=SC2086 # two words
	{ echo 'delete table inet t'; ruleset $new; } | within router nft -f -
	sleep 0.1
done
touch /run/enough
wait "$sender"
modunload nf_path
poll grep -q unloaded /run/log

by() { grep -cE "FORWARD DROPPED by $2.*:$1 UDP$" /run/log || :; }
right=$(($(by 1001 '7 inet t x ') + $(by 1002 '7 inet t y ')))
unsure=$(($(by 1001 '[?] ') + $(by 1002 '[?] ')))
wrong=$(($(by 1001 '7 inet t y ') + $(by 1002 '7 inet t x ')))
other=$(($(by 1001 '') + $(by 1002 '') - right - unsure - wrong))
echo "# $(</run/sent) sent, $exchanges rulesets, $right drops attributed, $unsure not attributed as hooks were changing"
check 'drops were attributed' test "$right" -ge 100
check 'none to a chain that did not drop it' same "$wrong $other" '0 0'
check 'nothing is dropped elsewhere in the router' same 0 \
	"$(grep -cE "ns=${inode[router]} (PRE_ROUTING|POST_ROUTING) DROPPED by .* UDP$" /run/log || :)"
