#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# 20,000 datagrams (2,500 on the sanitizer kernel) of 200 flows, with NAT in the middle; each in a hundred is dropped by one
# of nine chains, chosen at random: a byte of its payload says which. What nf_path says of each flow and chain is compared
# with what the sender has sent, and with what nft has counted. All are accounted for. Topology: lib.sh.
. qemu/lib.sh

count=${COUNT-$((20000 / slow))}
topology
receive server 2000
{
	echo 'table inet st {'
	number=0
	while read -r hook priority; do
		number=$((number + 1))
		# The first byte of the payload.
		echo "chain c$number { type filter hook $hook priority $priority; udp dport 2000 @th,64,8 $number counter drop; }"
	done <<-'END'
		prerouting raw
		prerouting -150
		prerouting -10
		forward -5
		forward 0
		forward 5
		forward 50
		postrouting -5
		postrouting 300
	END
	echo '}'
} | within router nft -f -
modload nf_path verbosity=0 rate=1000000 proto=17
dmesg --follow-new --notime >/run/log &
cat >/run/send <<'END'
import collections, random, socket, sys, time
random.seed(17)
sockets = []
for flow in range(200):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("10.0.1.2", 20000 + flow))
    s.connect(("10.0.2.2", 2000))
    sockets.append(s)
dropped = collections.Counter()
for number in range(int(sys.argv[1])):
    flow = number % 200
    chain = random.randint(1, 9) if random.random() < 0.01 else 0
    if chain:
        dropped[(20000 + flow, chain)] += 1
    sockets[flow].send(bytes([chain]) + b" %d %d\n" % (flow, number))
    if number % 20 == 19:
        time.sleep(0.01)
for (port, chain), times in sorted(dropped.items()):
    print(port, chain, times)
END
within client python3 /run/send "$count" >/run/dropped
seen_all() { (($(grep -cE '#[0-9]+ ns=.* (DELIVERED|DROPPED|ENDED|TAKEN|SENT)' /run/log) >= count)); }
check "$count paths have ended" poll seen_all
modunload nf_path
poll grep -q unloaded /run/log

sed -nE 's/.* DROPPED by .*inet st c([0-9]) .*IPv4 10.0.1.2:([0-9]+)>10.0.2.2:2000 UDP$/\2 \1/p' /run/log |
	sort | uniq -c | awk '{ print $2, $3, $1 }' | sort -n >/run/attributed
sort -n /run/dropped >/run/expected
dropped=$(awk '{ n += $3 } END { print n }' /run/expected)
echo "# $dropped dropped; $(grep unloaded: /run/log)"
check 'each drop is attributed to the chain that the sender had chosen' diff /run/expected /run/attributed
for number in {1..9}; do
	check "chain c$number: as nft has counted" same "$(awk -v c="$number" '$2 == c { n += $3 } END { print n + 0 }' /run/attributed)" \
		"$(within router nft list chain inet st "c$number" | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p')"
done
delivered=$(grep -cE ' LOCAL_IN DELIVERED; 7 points, .*:2000 UDP$' /run/log) || :
# On a busy machine.
full=$(grep -cE ' LOCAL_IN DROPPED after the hooks, SOCKET_RCVBUFF in .*:2000 UDP$' /run/log) || :
check 'all others were delivered, but where the buffer was full' same $((delivered + full)) $((count - dropped))
check 'as the receiver has it' same "$(wc -l </run/server.2000)" "$delivered"
check 'the buffer was full as often as the kernel says' same "$full" "$(within server nstat -a -s -z UdpRcvbufErrors | awk '$1 == "UdpRcvbufErrors" { print $2 }')"
read -r packets printed not_printed not_followed lost <<<"$(sed -n 's/.*unloaded: //p' /run/log | tr -dc '0-9 ' )"
check 'nothing uncounted' same "$packets $printed $not_printed $not_followed" "$count $count 0 0"
# A processor of the guest may be away for milliseconds with the lock of a path.
check 'hardly anything was lost' test "$lost" -le $((count / 1000))
