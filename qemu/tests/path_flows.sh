#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# 20,000 datagrams (2,500 on the sanitizer kernel) of 200 flows, with NAT in the middle; each in a hundred is dropped by one
# of nine chains, chosen at random: a byte of its payload says which. One in five paths is compared with what it must be as far
# as that chain, line for line, but for the times; of the others how they ended. nft counts the drops, and the receiver says
# what it got. Topology: lib.sh.
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
# The whole way, as nf_path's lines have it, for each port and length.
for ns in "${namespaces[@]}"; do echo "$ns=${inode[$ns]}"; done >/run/names
cat >/run/way <<'END'
client LOCAL_OUT in=- out=eth0 IPv4 10.0.1.2:{port}>10.0.2.2:2000 UDP ttl=64 len={len} mark=0x0 ct=none
client POST_ROUTING in=- out=eth0 IPv4 10.0.1.2:{port}>10.0.2.2:2000 UDP ttl=64 len={len} mark=0x0 ct=none
client POST_ROUTING -225 apparmor_ip_postroute
router PRE_ROUTING in=r0 out=- IPv4 10.0.1.2:{port}>10.0.2.2:2000 UDP ttl=64 len={len} mark=0x0 ct=none
router PRE_ROUTING -400 ipv4_conntrack_defrag [nf_defrag_ipv4]
router PRE_ROUTING -300 inet st c1 (nft_do_chain_inet)
router PRE_ROUTING -200 ipv4_conntrack_in [nf_conntrack]: ct none>new
router PRE_ROUTING -150 inet st c2 (nft_do_chain_inet)
router PRE_ROUTING -100 nf_nat_ipv4_pre_routing [nf_nat]
router PRE_ROUTING -10 inet st c3 (nft_do_chain_inet)
router FORWARD in=r0 out=r1 IPv4 10.0.1.2:{port}>10.0.2.2:2000 UDP ttl=63 len={len} mark=0x0 ct=new
router FORWARD -5 inet st c4 (nft_do_chain_inet)
router FORWARD 0 inet st c5 (nft_do_chain_inet) | inet fw forward (nft_do_chain_inet)
router FORWARD 5 inet st c6 (nft_do_chain_inet)
router FORWARD 50 inet st c7 (nft_do_chain_inet)
router POST_ROUTING in=r0 out=r1 IPv4 10.0.1.2:{port}>10.0.2.2:2000 UDP ttl=63 len={len} mark=0x0 ct=new
router POST_ROUTING -225 apparmor_ip_postroute
router POST_ROUTING -5 inet st c8 (nft_do_chain_inet)
router POST_ROUTING 100 nf_nat_ipv4_out [nf_nat] for inet nat postrouting: src 10.0.1.2:{port}>10.0.2.1:{port}
router POST_ROUTING 300 inet st c9 (nft_do_chain_inet)
router POST_ROUTING 2147483647 nf_confirm [nf_conntrack]
server PRE_ROUTING in=eth0 out=- IPv4 10.0.2.1:{port}>10.0.2.2:2000 UDP ttl=63 len={len} mark=0x0 ct=none
server LOCAL_IN in=eth0 out=- IPv4 10.0.2.1:{port}>10.0.2.2:2000 UDP ttl=63 len={len} mark=0x0 ct=none
END
# Sends a datagram of each flow, and then reads the kernel log until the paths of these have ended: there is room for so many,
# in nf_path and in the receiver's buffer, on a slow machine too.
cat >/run/send <<'END'
import collections, ctypes, itertools, random, re, socket, sys, time

verbosity, count, what, patience = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
inodes = dict(line.split("=") for line in open("/run/names").read().split())
way = open("/run/way").read().splitlines()


def path(chain):
    """The lines of a packet that this chain drops, or none does."""
    lines, points, hooks = [], 0, 0
    for line in way:
        if f"inet st c{chain} " in line:
            namespace, point, priority, _ = line.split(" ", 3)
            end = f"DROPPED by {priority} inet st c{chain} (nft_do_chain_inet), NETFILTER_DROP in nft_do_chain [nf_tables]"
            break
        lines.append(line)
        if " in=" in line:
            points += 1
        else:
            hooks += 1
    else:
        namespace, point, end = "server", "LOCAL_IN", "DELIVERED"
    end = f"{namespace} {point} {end}; {points} points, {hooks} hooks,; IPv4 10.0.1.2:{{port}}>10.0.2.2:2000 UDP"
    lines = [*lines, end] if verbosity else [end]
    return "".join(f"#{{number}} ns={inodes[line.split()[0]]} {line.split(' ', 1)[1]}\n" for line in lines)


# What a line of nf_path begins with in the log, and times.
less = re.compile(r"^<\d+>\[ *[\d.]+\] nf_path: (?=#)| (?:-|[\d.]+[mu]?s)(?=[ ,;]|$)", re.MULTILINE)
libc, buffer = ctypes.CDLL(None), ctypes.create_string_buffer(16 << 20)


def log():
    """The lines that are new."""
    read_clear = 4
    text = ctypes.string_at(buffer, libc.klogctl(read_clear, buffer, len(buffer))).decode()
    return less.sub("", text).splitlines(keepends=True)


paths = [path(chain) for chain in range(10)]
sockets = []
for flow in range(200):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("10.0.1.2", 20000 + flow))
    s.connect(("10.0.2.2", 2000))
    sockets.append(s)
random.seed(what)
sent, printed = collections.Counter(), 0
differ, delivered, others = (open(f"/run/{name}", "w") for name in ("differ", "delivered", "others"))
for first in range(1, count + 1, len(sockets)):
    wanted, seen = {}, collections.defaultdict(str)
    for number in range(first, min(first + len(sockets), count + 1)):
        flow, chain = number - first, random.randint(1, 9) if random.random() < 0.01 else 0
        data = bytes([chain]) + f" {what} {number}\n".encode()
        # Its path has the same number.
        wanted[f"#{number}"] = paths[chain].format(number=number, port=20000 + flow, len=28 + len(data))
        sent[chain] += 1
        sockets[flow].send(data)
    limit = time.monotonic() + patience
    while wanted and time.monotonic() < limit:
        time.sleep(0.02)
        for packet, lines in itertools.groupby(log(), lambda line: line[:line.find(" ")]):
            lines = list(lines)
            if packet not in wanted:
                others.writelines(lines)
                continue
            printed += len(lines)
            # That a slow machine kept it for a second is told, too.
            seen[packet] += "".join(line for line in lines if " away: " not in line)
            if " points, " not in lines[-1]:
                continue
            if " DELIVERED; " in lines[-1]:
                print("", what, packet[1:], file=delivered)
            if seen[packet] != wanted[packet]:
                print("is:", seen[packet], "and not:", wanted[packet], sep="\n", file=differ)
            del wanted[packet]
    if wanted:
        sys.exit(f"{len(wanted)} have not: {list(wanted)[:10]}")
print(printed, file=open("/run/printed", "w"))
print(*(sent[chain] for chain in range(10)), file=open("/run/sent", "w"))
END
dropped=(0 0 0 0 0 0 0 0 0 0)
arrived() { tr -d '\0' </run/server.2000 | sort; }
# flows VERBOSITY COUNT WHAT
flows() {
	local packets printed not_printed not_followed lost number sent
	mark "$3"
	modload nf_path rate=1000000 proto=17 verbosity="$1"
	check "$3: $2 have ended" within client python3 /run/send "$@" $((20 * slow))
	modunload nf_path
	cat /run/others >>/run/dmesg
	read -r packets printed not_printed not_followed lost <<<"$(lines unloaded: | sed 's/.*unloaded: //' | tr -dc '0-9 ')"
	read -ra sent </run/sent
	echo "# $3: $packets packets, $printed lines, $lost lost; sent past each chain, and to be dropped by each: ${sent[*]}"
	check "$3: each is what the ruleset says, but where something was lost" test "$(grep -c '^is:$' /run/differ)" -le "$lost"
	head -n 60 /run/differ | sed 's/^/# /'
	# A processor of the guest may be away for milliseconds with the lock of a path.
	check "$3: hardly anything was lost" test "$lost" -le $((count / 1000))
	check "$3: nothing uncounted" same "$packets $printed $not_printed $not_followed" "$2 $(</run/printed) 0 0"
	for number in {1..9}; do ((dropped[number] += sent[number])) || :; done
	check "$3: what nobody drops has arrived" same "$(arrived | grep -c "$3")" "${sent[0]}"
	check "$3: nothing is said to be delivered that has not arrived" same "$(sort /run/delivered | comm -23 - <(arrived))" ''
}
flows 2 $((count / 5)) whole
flows 0 $((count - count / 5)) ends
for number in {1..9}; do
	check "chain c$number: as nft has counted" same "${dropped[number]}" \
		"$(within router nft list chain inet st "c$number" | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p')"
done
