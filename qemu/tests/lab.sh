#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# nf_lab's probes: their files, what they refuse and why, what they do and what they have seen. Topology: lib.sh.
. qemu/lib.sh
. qemu/lab.sh

topology
serve server 80
modload nf_lab

# --- settings

nsenter --net=/run/netns/server mkdir "$lab/p"
check 'its namespace is first that of its maker' same "${inode[server]}" "$(<"$lab/p/namespace")"
# wrong FILE VALUE REASON: refused with EINVAL, and one line says what, where and why.
wrong() {
	local before after
	before=$(<"$lab/p/$1")
	mark wrong
	refuses 'Invalid argument' p "$1" "$2" || return
	after=$(<"$lab/p/$1")
	same "$before" "$after" && same "$(log)" "nf_lab: p: $1=$2: $3"
}
actions='must be accept; drop [ERRNO or REASON]; queue NUMBER [bypass]; delay MS; or any of mark VALUE[/MASK], ttl N, dscp N, src ADDRESS, dst ADDRESS, sport PORT, dport PORT, and then perhaps reroute'
drops='must be drop, or drop with an error (EPERM, EHOSTUNREACH, ECONNREFUSED, ..., or 1 to 4095), or drop with a reason of the kernel'\''s (NO_SOCKET, IP_CSUM, TCP_FLAGS, ...)'
marks='must be mark: a number of 32 bits, or one and a mask that covers it: 0x1/0xff'
priorities='must be -2147483648 to 2147483647, or first, raw-before-defrag, defrag, raw, selinux-first, conntrack, mangle, dstnat, filter, security, srcnat, selinux-last, helper or last, or such a name with an offset: conntrack-1'
namespaces_='must be all, or the inode number of a network namespace (stat -L -c %i /run/netns/NAME)'
while IFS='|' read -r file value reason; do
	check "refused: $file=$value" wrong "$file" "$value" "$reason"
done <<-END
	family|ipx|must be one of: inet ipv4 ipv6 arp bridge netdev
	hook|nowhere|must be one of: prerouting input forward output postrouting ingress egress
	device|0123456789abcdef|must be the name of a device, of at most 15 characters, or - for none
	device|r0 r1|must be the name of a device, of at most 15 characters, or - for none
	namespace|1|$namespaces_
	namespace|router|$namespaces_
	priority|conntrack_1|$priorities
	priority|conntrack-x|$priorities
	priority|2147483648|$priorities
	priority|last+1|$priorities
	match|proto tcp dport http|column 17: dport: must be a port, or a range such as 1024-65535
	match|bpf 2,6 0 0 0|BPF program: line 1, column 1: 2 instructions announced, 1 there
	match|bpf 1,0 0 0 0|not a valid BPF program
	action|steal|$actions
	action|accept now|$actions
	action|reroute|$actions
	action|ttl 9 reroute dscp 1|$actions
	action|queue 1 bypass now|$actions
	action|drop EWHAT|$drops
	action|drop 4096|$drops
	action|queue 65536|must be queue: a number, 0 to 65535
	action|queue 1 drop|must be queue NUMBER, or queue NUMBER bypass
	action|delay 600001|must be delay: milliseconds, at most 600000
	action|mark|$marks
	action|mark 0x100/0xff|$marks
	action|mark 4294967296|$marks
	action|ttl 256|must be ttl: 0 to 255
	action|dscp 64|must be dscp: 0 to 63
	action|dst 10.0.0|must be src, dst: an IPv4 or IPv6 address
	action|sport 65536|must be sport, dport: 0 to 65535
	every|0|must be 1 (act on each packet) to 4294967295 (every so many-th)
	probability|101|must be a percentage, 0 to 100
	stop_at|-1|must be a number of packets, or 0 for no end
	log|1000001|must be lines a second, at most 1000000, or 0 for none
	active|yes|must be 0 or 1
	seen|1|must be 0, which begins anew
END
# bad_name: what stands in a name or a value cannot forge lines.
bad_name() {
	mark name
	mkdir "$lab/"$'q\nnf_lab: forged \e[1m'
	refuses 'Invalid argument' $'q\nnf_lab: forged \e[1m' hook $'x\tforged\e' || return
	rmdir "$lab/"$'q\nnf_lab: forged \e[1m'
	same "$(log)" 'nf_lab: q nf_lab: forged ?[1m: hook=x forged?: must be one of: prerouting input forward output postrouting ingress egress'
}
check 'a name cannot forge lines' bad_name

# shown FILE VALUE [AS]: what is written is what is read, in its proper spelling.
shown() {
	write p "$1" "$2"
	same "$(<"$lab/p/$1")" "${3-$2}"
}
for action in accept drop 'drop EHOSTUNREACH' 'drop 4095' 'drop NO_SOCKET' 'queue 7' 'queue 7 bypass' 'delay 50' \
	'mark 0x1/0xff ttl 9 dscp 46 src 10.0.0.1 dst fd00::1 sport 1 dport 65535 reroute'; do
	check "action $action" shown action "$action"
done
check 'an error by number' shown action 'drop 113' 'drop EHOSTUNREACH'
check 'a mark in decimal' shown action '  mark   17 ' 'mark 0x11'
check 'a priority by number' shown priority -201 conntrack-1
check 'a priority by name and offset' shown priority srcnat+1
check 'a hook by the name that the kernel has' shown hook LOCAL_OUT output
check 'a match' shown match 'proto tcp port 80 bpf 1,6 0 0 1'
check 'a namespace' shown namespace "${inode[router]}"
rmdir "$lab/p"

# conflict ERROR REASON FILE VALUE...: each may be, but not together: active is refused.
conflict() {
	local error=$1 reason=$2
	shift 2
	mkdir "$lab/c"
	while (($#)); do write c "$1" "$2"; shift 2; done
	mark conflict
	refuses "$error" c active 1 && same "$(log)" "nf_lab: c: active=1: $reason" && same 0 "$(<"$lab/c/active")"
	rmdir "$lab/c"
}
check 'arp has no prerouting' conflict 'Invalid argument' 'family and hook do not go together: arp has input, forward and output' family arp
check 'netdev has no input' conflict 'Invalid argument' 'family and hook do not go together: netdev has ingress and egress' family netdev hook input
check 'ipv4 has no egress' conflict 'Invalid argument' 'family and hook do not go together: this family has prerouting, input, forward, output and postrouting (inet ingress too)' family ipv4 hook egress
check 'ingress wants a device' conflict 'Invalid argument' 'ingress and egress need a device, and the other hooks have none (-)' family netdev hook ingress
check 'input has no device' conflict 'Invalid argument' 'ingress and egress need a device, and the other hooks have none (-)' hook input device lo
check 'a device that is not there' conflict 'No such device' 'its namespace has no device of that name (error -19)' family netdev hook ingress device eth77
check 'a device in all namespaces' conflict 'Invalid argument' 'ingress and egress are in one namespace, that of their device' \
	family netdev hook ingress device lo namespace all
check 'arp is not queued' conflict 'Invalid argument' 'queue and delay are for the families inet, ipv4, ipv6 and bridge' family arp hook input action 'queue 1'
check 'devices have no senders' conflict 'Invalid argument' 'an error is for senders of IP: families inet, ipv4 and ipv6' \
	family netdev hook ingress device lo action 'drop EPERM'

# --- what probes see and do

probe router p hook=forward priority=conntrack+1 'match=proto icmp'
check 'active' same 1 "$(<"$lab/p/active")"
check 'nft lists it' grep -F 'nf_lab::probe::Probe' <(within router nft list hooks ip)
within client ping -q -c 5 -s 100 10.0.2.2 >/dev/null
check 'packets, bytes, states and verdicts' same "$(grep -v '^ns ' "$lab/p/seen" | paste -sd ,)" \
	'packets 10,bytes 1280,ct new 1 128,ct established 4 512,ct established-reply 5 640,verdict accept 10 1280'
check 'nanoseconds' test "$(figure p ns)" -gt 1000
check 'the first packet' grep -E "^at=[0-9.]+ ns=${inode[router]} in=r0 out=r1 IPv4 10.0.1.2>10.0.2.2 ICMP type=8 code=0 id=[0-9]+ seq=1 ttl=63 dscp=0 len=128 mark=0x0 ct=new$" "$lab/p/first"
check 'the last packet' grep -E " in=r1 out=r0 IPv4 10.0.2.2>10.0.1.2 ICMP type=0 code=0 id=[0-9]+ seq=5 .* ct=established-reply$" "$lab/p/last"
check 'all of it' same "$(sed 1d "$lab/p/first" | tr -d '\n' | head -c 8),$(sed 1d "$lab/p/first" | tr -d '\n' | wc -c)" 45000080,256
# busy FILE: not even what it is already can be written.
busy() {
	local value
	value=$(<"$lab/p/$1")
	mark busy
	refuses 'Device or resource busy' p "$1" "$value" &&
		same "$(log)" "nf_lab: p: $1=$value: the probe is active: write 0 to active first"
}
for file in family hook device namespace priority match action every probability stop_at log; do
	check "an active probe is not changed: $file" busy "$file"
done
write p seen 0
check 'reset' same "$(paste -sd , "$lab/p/seen")" 'packets 0,bytes 0,ns 0'
check 'reset: no first packet' same '' "$(<"$lab/p/first")"
check 'rmmod is refused' fails rmmod nf_lab
within client ping -q -c 1 10.0.2.2 >/dev/null
check 'and the probe is there as before' same 2 "$(figure p packets)"
write p seen 0
write p active 0
within client ping -q -c 1 10.0.2.2 >/dev/null
check 'inactive: sees nothing' same 0 "$(figure p packets)"

sweep
probe router p hook=forward 'match=proto icmp' every=3 action=drop
check 'every third is dropped' same "$(within client ping -c 9 -i 0.01 -W 1 10.0.2.2 | grep -oE '[0-9]+ received')" '5 received'
check 'and the others are spared' same "$(figure p 'verdict drop'),$(figure p spared)" '4,10'
sweep
probe router p hook=forward 'match=proto icmp src 10.0.1.2' stop_at=2 action=drop
check 'stops at two' same "$(within client ping -c 6 -i 0.01 -W 1 10.0.2.2 | grep -oE '[0-9]+ received')" '4 received'
sweep
probe router p hook=forward 'match=proto icmp src 10.0.1.2' probability=50 action=drop
within client ping -q -c 200 -i 0.002 -W 1 10.0.2.2 >/dev/null || :
dropped=$(figure p 'verdict drop')
check "half of 200 by chance ($dropped)" test "$dropped" -gt 60 -a "$dropped" -lt 140
sweep

probe client p hook=output 'match=proto icmp' 'action=ttl 9 dscp 46'
ip netns exec server tcpdump -n -l -v -c 1 -i eth0 'icmp[0] == 8' >/run/dump 2>/run/dumping &
poll grep -q 'listening on' /run/dumping
within client ping -q -c 1 10.0.2.2 >/dev/null
wait $!
check 'TTL and DSCP, as tcpdump sees them behind the router' grep -F 'tos 0xb8, ttl 8,' /run/dump
sweep
probe client p hook=output 'match=proto icmpv6 dst fd00:9::9' 'action=dst fd00:2::2 reroute'
probe client q hook=input 'match=proto icmpv6 src fd00:2::2' 'action=src fd00:9::9'
check 'addresses there and back, by hand' within client ping -q -c 1 -W 2 fd00:9::9
sweep
probe client p hook=output 'match=proto tcp dport 8080' 'action=dport 80'
probe client q hook=input priority=raw 'match=proto tcp sport 80' 'action=sport 8080'
check 'ports there and back' tcp client 10.0.2.2 8080 40004
sweep
probe router p hook=prerouting 'match=proto udp' 'action=dport 53 sport 7'
echo_request client 10.0.2.2 9
check 'what does not match is left alone' same 0 "$(figure p packets)"
sweep
probe router p hook=prerouting 'match=proto icmp' 'action=dport 53'
check 'what cannot be done is counted' same "$(echo_request client 10.0.2.2 10; figure p failed)" 2
sweep
probe router p hook=prerouting priority=0 'match=proto icmp' 'action=mark 7 ttl 9 dscp 46 src 10.0.0.1 dport 53'
probe router q hook=prerouting priority=1 'match=family ipv4'
echo_request client 10.0.2.2 10
check 'and what is done before it is undone' same "$(figure p failed): $(flow q first) $(field q first ttl) $(field q first dscp) $(field q first mark)" \
	'2: 10.0.1.2>10.0.2.2 64 0 0x0'
sweep
probe client p hook=output 'match=proto icmp' 'action=mark 0x10/0xf0'
probe client q hook=output priority=1 'match=proto icmp' 'action=mark 0x2/0xf'
probe client r hook=output priority=2 'match=proto icmp'
echo_request client 10.0.2.2 10
check 'a mark with a mask leaves the other bits' same 0x12 "$(field r first mark)"
sweep

probe router p hook=forward 'match=proto udp' 'action=delay 600000'
for port in 40001 40002 40003; do udp client 10.0.2.2 9 "$port"; done
delays() { (($(figure p 'verdict stolen') == 3)); }
poll delays
mark kept
sweep
check 'packets that a probe delays go with it, and dmesg says how many' \
	lines '^nf_lab: 3 packets dropped that hooks had kept and that could not go on$'

# A line a packet, and no more than is allowed.
mark log
probe router p hook=forward 'match=proto icmp' log=3 action='mark 7'
within client ping -q -c 20 -i 0.002 10.0.2.2 >/dev/null
printed=$(log | grep -c '^nf_lab: p: forward filter at=.* mark=0x0 ct=.*: mark 0x7$')
check "lines, limited ($printed)" test "$printed" -ge 3 -a "$printed" -le 12
check 'and the others counted' same "$((printed + $(figure p unprinted)))" 40
sweep

# All of them: ARP, a bridge, a device, a namespace that goes away.
probe router arp family=arp hook=input
probe router ingress family=netdev hook=ingress device=r0
probe router inet family=inet hook=ingress device=r0
probe router egress family=netdev hook=egress device=r1
ip -n client neigh flush dev eth0
echo_request client 10.0.2.2 11
check 'ARP' grep -E '^at=.* in=r0 out=- ARP op=1 10.0.1.2>10.0.1.1 ' "$lab/arp/first"
check 'ingress' test "$(figure ingress packets)" -ge 2
check 'ingress, as a hook of inet' same "$(figure ingress packets)" "$(figure inet packets)"
check 'egress' grep -E ' out=r1 .*ICMP type=8 ' "$lab/egress/last"
sweep
ip -n router link add passing type dummy
probe router p family=netdev hook=egress device=passing
ip -n router link del passing
check 'a device takes its hook along' same 0 "$(<"$lab/p/active")"
ip -n router link add passing type dummy
check 'and one of that name gets it' write p active 1
check 'it is there' same 1 "$(<"$lab/p/active")"
sweep
ip netns add passing
inode[passing]=$(stat --dereference --format=%i /run/netns/passing)
probe passing p hook=output
ip netns del passing
exists() { lsns -t net -n -o NS | grep -qw "${inode[passing]}"; }
check 'a probe keeps no namespace' poll fails exists
check 'which takes its hook along' same 0 "$(<"$lab/p/active")"
mark gone
# gone: it cannot become active in a namespace that is gone.
gone() {
	mark gone
	refuses 'No such file or directory' p active 1 && same "$(log)" 'nf_lab: p: active=1: its namespace is gone (error -2)'
}
check 'and cannot become active in one that is gone' gone
# The smallest number that is free is given first.
again() {
	local i
	for i in {1..50}; do
		ip netns add "again$i"
		[[ $(stat --dereference --format=%i "/run/netns/again$i") != "${inode[passing]}" ]] || return 0
	done
	return 1
}
check 'another namespace has its number' again
check 'and does not get its probe' gone
sweep

check 'unloads' rmmod nf_lab
