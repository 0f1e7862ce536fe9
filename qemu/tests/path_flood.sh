#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Two senders, each on a processor of its own, send as fast as they can; what has read a datagram on the other processor
# frees its sk_buff, of which nobody is told, and the senders use it again at once. No two datagrams have the same ports:
# each line of a path must have those of its first. What is said to be delivered has arrived, by the numbers in the payload.
# Topology: lib.sh.
. qemu/lib.sh

count=${COUNT-$((2500 / slow))}
topology
cat >/run/send <<'END'
import socket, struct, sys
sender, count = int(sys.argv[1]), int(sys.argv[2])
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
s.connect(("10.0.2.2", 0))
for number in range(count):
    # Without a checksum.
    s.send(struct.pack(">HHHH", 10000 + number, 2000 + sender, 12, 0) + struct.pack(">I", number))
END
cat >/run/receive <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
s.bind(("10.0.2.2", 2000 + int(sys.argv[1])))
while True:
    data, (_, port) = s.recvfrom(100)
    print(port, int.from_bytes(data, "big"), flush=True)
END
# Each number of nf_path: its points with the ports there, and how it ended. What has arrived, as the ports that it was sent
# from and to.
cat >/run/read <<'END'
import re
arrived = set()
for sender in 1, 2:
    for line in open(f"/run/received.{sender}"):
        port, number = map(int, line.split())
        if port == 10000 + number:
            arrived.add((str(port), str(2000 + sender)))
paths = {}
for line in open("/run/log", errors="replace"):
    if m := re.match(r"nf_path: #(\d+) ns=(\d+) (\S+) (.*)", line):
        points, ports, ends = paths.setdefault(int(m[1]), ([], [], []))
        ports += re.findall(r"IPv4 [\d.]+:(\d+)>10\.0\.2\.2:(\d+) UDP", m[4])
        if m[4].startswith("in="):
            points.append((m[2], m[3]))
        elif re.match("[A-Z]{4,}", m[4]):
            ends.append(m[4])
mixed = [n for n, (_, ports, _) in paths.items() if len(set(ports)) != 1]
firsts = [ports[0] for _, ports, _ in paths.values() if ports]
delivered = [(points, ports[0]) for points, ports, ends in paths.values() if ends and ends[0].startswith("DELIVERED")]
ways = {tuple(points) for points, _ in delivered}
whole = max(ways, key=len)
# One that has found no room is followed from a later point on.
strays = [way for way in ways if way != whole[-len(way):]]
print(f"paths={len(paths)} mixed={len(mixed)} twice={len(firsts) - len(set(firsts))} "
      f"ends={sum(len(ends) for _, _, ends in paths.values())} delivered={len(delivered)} "
      f"not_arrived={sum(ports not in arrived for _, ports in delivered)} "
      f"points={len(whole)} strays={len(strays)}")
END
modload nf_path rate=1000000 proto=17
for sender in 1 2; do
	ip netns exec server taskset -c $((sender - 1)) python3 /run/receive "$sender" >"/run/received.$sender" &
	poll receives server $((2000 + sender))
done
pids=()
for sender in 1 2; do
	ip netns exec client taskset -c $((2 - sender)) python3 /run/send "$sender" "$count" &
	pids+=($!)
done
wait "${pids[@]}"
arrived() { (($(cat /run/received.? | wc -l) == 2 * count)); }
check 'all arrive' poll arrived
check 'each once' same "$(sort -u /run/received.? | wc -l)" "$count"
modunload nf_path
dmesg --notime >/run/log
echo "# $(grep unloaded: /run/log)"
paths=$(sed -nE 's/.*unloaded: ([0-9]+) packets, .* 0 not printed, .* 0 lost$/\1/p' /run/log)
check 'many were followed' test "$paths" -ge $((count / 4))
check 'no path has two packets, no packet two paths, all go the same way' same "$(python3 /run/read)" \
	"paths=$paths mixed=0 twice=0 ends=$paths delivered=$paths not_arrived=0 points=7 strays=0"
