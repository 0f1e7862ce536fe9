#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What nf_path says is what others say of the same packets, one by one: which chains they pass, in order (nft monitor trace);
# which connections are made of them, and how NAT rewrites these (conntrack -E); and what arrives and leaves at each of the
# router's devices (tcpdump). Topology: lib.sh.
. qemu/lib.sh

topology
serve server 80
receive server 2000
within router nft -f - <<-'END'
	table inet watch {
		chain first {
			type filter hook prerouting priority -350
			meta l4proto { tcp, udp } meta nftrace set 1
		}
		chain late {
			type filter hook forward priority 5
			udp dport 2001 drop
			udp dport 2003 ip ttl set 9
		}
		chain last {
			type filter hook postrouting priority 300
			udp dport 2002 drop
		}
	}
	add chain inet nat prerouting { type nat hook prerouting priority dstnat; }
	add rule inet nat prerouting udp dport 2080 dnat ip to 10.0.2.2:2000
END
background() { # FILE COMMAND [ARGUMENT...]
	ip netns exec router stdbuf -oL "${@:2}" >"/run/$1" 2>"/run/$1.errors" &
}
for device in r0 r1; do
	background "wire.$device" tcpdump -n -vv -l -i "$device" 'tcp or udp'
	poll grep -q 'listening on' "/run/wire.$device.errors"
done
background trace nft monitor trace
background events conntrack -E -e NEW
# They listen when they tell of a first packet. These, from ports 42000 on, are not compared.
port=42000
begun() {
	udp client 10.0.2.2 2000 $((++port))
	grep -q 'sport 42' /run/trace && grep -q 'sport=42' /run/events
}
check 'nft and conntrack tell' poll begun

modload nf_path rate=100000
mark truth
for port in 23 80; do
	for to in 10.0.2.2 fd00:2::2; do tcp client "$to" "$port" $((41000 + port)) 1 2>/dev/null || :; done
done
for port in 2000 2001 2002 2003; do
	for to in 10.0.2.2 fd00:2::2; do udp client "$to" "$port" 41000; done
done
udp client 10.0.2.2 2080 41001
udp client 10.0.2.2 2000 43000
all() {
	path_ended ':43000>.*:2000 UDP' && grep -q 'sport 43000' /run/trace && grep -q 'sport=43000' /run/events &&
		grep -q '\.43000 > .*UDP' /run/wire.r0 && grep -q '\.43000 > .*UDP' /run/wire.r1
}
check 'all have told of the last' poll all
# Resets, and what a connection's end sends, have ended too.
modunload nf_path
log >/run/path

# Writes each one's way to say it in the same words, sorted.
cat >/run/read <<'END'
import collections, os, re, sys

router = sys.argv[1]
END_OF = r"(\[[0-9a-f:]+\]|[\d.]+):(\d+)"
PACKET = re.compile(f"(IPv[46]) ({END_OF})>({END_OF}) ")


def write(name, lines):
    with open(f"/run/said.{name}", "w") as file:
        file.writelines(line + "\n" for line in sorted(lines) if ":42" not in line)


def end(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


# nf_path: the chains of each packet, connections, and packets at the devices.
chains, connections, wire = [], set(), {"r0": [], "r1": []}
packets = collections.defaultdict(list)
for line in open("/run/path"):
    if found := re.match(r"nf_path: (#\d+) ns=(\d+) (.*)\n", line):
        packets[found[1]].append((found[2] == router, found[3]))
for lines in packets.values():
    here = [text for inside, text in lines if inside]
    if not here or not PACKET.search(here[0]):
        continue
    passed, confirmed, first, ends = [], False, PACKET.search(here[0]), []
    new = any("ct none>new" in text for text in here)
    for text in here:
        point = text.split()[0]
        if " in=" in text:
            found = PACKET.search(text)
            now = {"src": found[2], "dst": found[5], **dict(re.findall(r"(ttl|len)=(\d+)", text))}
            devices = dict(re.findall(r"(in|out)=(r\d)", text))
            if point == "PRE_ROUTING":
                wire[devices["in"]].append("{src}>{dst} ttl={ttl} len={len}".format(**now))
            continue
        for field, to in re.findall(r"(src|dst|ttl|len) [^ ,>]+>([^ ,]+)", text):
            now[field] = to
        # A filter chain; of a drop's line, the one that dropped; NAT's, which it asks of a new connection.
        if " DROPPED by " in text:
            passed += re.findall(r"DROPPED by -?\d+ (\S+ \S+ \S+) \(nft_do_chain", text)
        elif re.match(r"\S+ -?\d+ ", text):
            passed += re.findall(r"(\S+ \S+ \S+) \(nft_do_chain", text)
            passed += re.findall(r" for (inet \S+ [^ :,]+)", text) if new else []
            confirmed |= "nf_confirm" in text
    if confirmed:
        wire[devices["out"]].append("{src}>{dst} ttl={ttl} len={len}".format(**now))
    if confirmed and new:
        connections.add(f"{first[2]}>{first[5]} as {now['src']}>{now['dst']}")
    chains.append(f"{first[2]}>{first[5]}: " + ", ".join(passed))
write("chains", chains)
write("connections", connections)
for device, lines in wire.items():
    write(device, lines)

# nft: an event's first line in a chain has the packet. Another one of the same flow can have the same id.
traces, said = {}, []
for line in open("/run/trace"):
    if not (found := re.match(r"trace id (\S+) (\S+ \S+ \S+) (.*)", line)):
        continue
    packet, chain, text = found.groups()
    if chain == "inet watch first" and text.startswith("packet: "):
        words = dict(re.findall(r"(saddr|daddr|sport|dport) (\S+)", text))
        traces[packet] = []
        said.append((f"{end(words['saddr'], words['sport'])}>{end(words['daddr'], words['dport'])}", traces[packet]))
    if chain not in traces[packet]:
        traces[packet].append(chain)
write("nft", (f"{packet}: " + ", ".join(passed) for packet, passed in said))

# conntrack: both directions of each connection.
lines = set()
for line in open("/run/events"):
    (a, b, c, d), (e, f, g, h) = re.findall(r"src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)", line)
    lines.add(f"{end(a, c)}>{end(b, d)} as {end(f, h)}>{end(e, g)}")
write("conntrack", lines)

# tcpdump: an IPv4 packet has two lines.
for device in "r0", "r1":
    lines = []
    for head in re.findall(r"(IP.*(?:\n    .*)?)", open(f"/run/wire.{device}").read()):
        source, sport, destination, dport = re.search(r"(\S+)\.(\d+) > (\S+)\.(\d+): ", head).groups()
        ttl = re.search(r"(?:ttl|hlim) (\d+)", head)[1]
        length = re.search(r"payload length: (\d+)", head)
        length = int(length[1]) + 40 if length else int(re.search(r", length (\d+)\)", head)[1])
        lines.append(f"{end(source, sport)}>{end(destination, dport)} ttl={ttl} len={length}")
    write(f"tcpdump.{device}", lines)
END
check 'all is read' python3 /run/read "${inode[router]}"
check 'the chains of each packet, in order, as nft says' diff /run/said.nft /run/said.chains
check 'NAT too' grep -qx '10.0.1.2:41001>10.0.2.2:2080: .*inet nat prerouting, .*inet nat postrouting, .*' /run/said.chains
check 'connections, with what NAT makes of them, as conntrack says' diff /run/said.conntrack /run/said.connections
for device in r0 r1; do
	check "at $device: addresses, TTL and length, as tcpdump says" diff "/run/said.tcpdump.$device" "/run/said.$device"
done
