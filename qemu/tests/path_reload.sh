#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# While rulesets are exchanged under traffic no drop is attributed to a chain that did not drop it. Chain x drops what goes to
# port 1001, chain y what goes to 1002; one of them is there at a time, both at the same priority and, as memory is used
# again at once, in the same place. Then the same beside a chain that stays, at that priority too, and drops what goes to 1003.
# The totals are nft's. Topology: lib.sh.
. qemu/lib.sh

topology
within router nft add table inet t '{ counter c1001 { }; counter c1002 { }; counter c1003 { }; }'
# chain NAME PORT
chain() { echo "add chain inet t $1 { type filter hook forward priority 7; }; add rule inet t $1 udp dport $2 counter name c$2 drop"; }
counted() { within router nft list counter inet t "c$1" | sed -nE 's/.*packets ([0-9]+) .*/\1/p'; }
chain x 1001 | within router nft -f -

cat >/run/send <<'END'
import os, socket, time
sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(20)]
sent = 0
while not os.path.exists("/run/enough"):
    for s in sockets:
        for port in (1001, 1002, 1003):
            try:
                s.sendto(b"%08d" % sent, ("10.0.2.2", port))
                sent += 1
            except OSError:
                pass
    time.sleep(0.02)
print(sent)
END

# by PORT PATTERN: so many drops of what goes there.
by() { grep -cE "FORWARD DROPPED by $2.*:$1 UDP$" "/run/log.$what" || :; }

# exchange WHAT EXCHANGES
exchange() {
	local what=$1 i right unsure both wrong sender lost missing=0
	for i in 1001 1002 1003; do ((missing -= $(counted $i))) || :; done
	modload nf_path verbosity=0 rate=1000000 proto=17
	dmesg --follow-new --notime >"/run/log.$what" &
	rm -f /run/enough
	ip netns exec client python3 /run/send >/run/sent &
	sender=$!
	for ((i = 0; i < $2; i++)); do
		if ((i % 2)); then { echo 'delete chain inet t y'; chain x 1001; }; else { echo 'delete chain inet t x'; chain y 1002; }; fi | within router nft -f -
		sleep 0.1
	done
	touch /run/enough
	wait "$sender"
	modunload nf_path
	poll grep -q unloaded "/run/log.$what"

	right=$(($(by 1001 '7 inet t x ') + $(by 1002 '7 inet t y ') + $(by 1003 '7 inet t z ')))
	unsure=$(($(by 1001 '[?] ') + $(by 1002 '[?] ') + $(by 1003 '[?] ')))
	both=$(grep -cE 'FORWARD DROPPED by 7 [^;]* \| ' "/run/log.$what" || :)
	wrong=$(($(by 1001 '') + $(by 1002 '') + $(by 1003 '') - right - unsure - both))
	echo "# $what: $(</run/sent) sent, $2 rulesets, $right drops attributed, $both to either of two, $unsure not as hooks were changing"
	check "$what: drops were attributed" test "$right" -ge 100
	check "$what: none to a chain that did not drop it" same "$wrong" 0
	lost=$(sed -nE 's/.*unloaded: .* ([0-9]+) lost$/\1/p' "/run/log.$what")
	for i in 1001 1002 1003; do ((missing += $(counted $i) - $(by $i ''))) || :; done
	echo "# $what: of what nft has counted $missing are missing, $lost were lost"
	check "$what: as many as nft has counted, less what was lost" test "$missing" -ge 0 -a "$missing" -le "$lost"
	check "$what: nothing is dropped elsewhere in the router" same 0 \
		"$(grep -cE "ns=${inode[router]} (PRE_ROUTING|POST_ROUTING) DROPPED by .* UDP$" "/run/log.$what" || :)"
}

exchange alone 30
chain z 1003 | within router nft -f -
exchange shared 30
