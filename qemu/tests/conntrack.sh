#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What the crate says of connections is what `conntrack -L` says (rust/tests/nf_test_conntrack.ko prints it at
# PRE_ROUTING before and after connection tracking, and at the end of POST_ROUTING). Topology: lib.sh.
# Own guest: nf_conntrack is not loaded at first.
. qemu/lib.sh

module=$modules/tests/nf_test_conntrack.ko
check 'depends on no module' same "$(modinfo -F depends "$module")" ''
# (nf_ct_hook is the core's: where nf_conntrack, if it is there, leaves its functions.)
check 'needs no symbol of nf_conntrack' fails grep -E ' (_*nf_ct|nfct|nf_conntrack)' <(nm -u "$module" | grep -v ' nf_ct_hook$')
modload nf_test_conntrack
mark 'not loaded'
ping -q -c 1 127.0.0.1 >/dev/null
ping -q -c 1 ::1 >/dev/null
check 'nf_conntrack is not loaded' fails test -e /sys/module/nf_conntrack
check 'and so it says nothing of packets' same "$(lines '^nf_test_conntrack: ' | awk '{ print $3, $4 }' | sort | uniq -c | xargs)" \
	'4 after none 4 before none 4 end none'

topology
# Registered after connection tracking the module's last hook comes before its last: entries are not yet in the table.
modunload nf_test_conntrack
modload nf_test_conntrack
serve server 80
serve server 21
within router nft -f - <<-'END'
	table inet t {
		ct helper ftp {
			type "ftp" protocol tcp
		}
		chain raw {
			type filter hook prerouting priority raw
			udp dport 9 notrack
			udp dport 5 ct zone set 5
			udp dport 7 ct original zone set 7
		}
		chain mangle {
			type filter hook prerouting priority mangle
			tcp dport 21 ct helper set "ftp"
			tcp dport 80 ct mark set 17
		}
		chain nat {
			type nat hook prerouting priority dstnat
			tcp dport 8080 redirect to :8081
		}
	}
END

# What the router says of a packet, in order.
said() { lines "^nf_test_conntrack: ns=${inode[router]} ${1-}" | cut -d " " -f 3-; }
# says LINE...: that is the beginning of all it has said since the mark, line for line.
says() {
	local line IFS=$'\n'
	poll enough "$#" || :
	same "$(said | head -n "$#")" "$*"
}
enough() { (($(said | wc -l) >= $1)); }
# The table's entry, from its first tuple to its last, and its mark and zone.
table() { within router conntrack -L "$@" 2>/dev/null | sed -E 's/^[^=]* (src=)/\1/; s/ \[[A-Z_]*\]//g; s/ use=.*//'; }
# The same as the module said it at the end, of a packet in that state.
at_end() { said "end $1 " | sed -E "s/^end $1 [a-z]+ [0-9]+ //; s/ zone=.*//" | tail -n 1; }

# flow SOURCE DESTINATION OUTSIDE PROTOCOL A B: what a first packet gives. A and B are what follows the addresses.
flow() {
	says 'before none' \
		"after new original $4 src=$1 dst=$2 $5 src=$2 dst=$1 $6 mark=0 zone=0/0 -" \
		"end new original $4 src=$1 dst=$2 $5 src=$2 dst=$3 $6 mark=${7-0} zone=0/0 snat,snat-done,dnat-done" \
		'before none' \
		"after $8 reply $4 src=$1 dst=$2 $5 src=$2 dst=$3 $6 mark=${7-0} zone=0/0 seen-reply,confirmed,snat,snat-done,dnat-done"
}

mark TCP
tcp client 10.0.2.2 80 40004
check 'IPv4 TCP' flow 10.0.1.2 10.0.2.2 10.0.2.1 6 'sport=40004 dport=80' 'sport=80 dport=40004' 17 established-reply
check 'as in the table' same "$(at_end established)" "$(table -p tcp --orig-port-src 40004)"
check 'assured' poll lines 'end established original 6 .* seen-reply,assured,confirmed,snat,snat-done,dnat-done$'
mark 'TCP, IPv6'
tcp client fd00:2::2 80 40006
check 'IPv6 TCP' flow fd00:1::2 fd00:2::2 fd00:2::1 6 'sport=40006 dport=80' 'sport=80 dport=40006' 17 established-reply
check 'as in the table' same "$(at_end established)" "$(table -f ipv6 -p tcp --orig-port-src 40006)"

mark ICMP
echo_request client 10.0.2.2 404
check 'IPv4 ICMP' flow 10.0.1.2 10.0.2.2 10.0.2.1 1 'type=8 code=0 id=404' 'type=0 code=0 id=404' 0 established-reply
check 'as in the table' same "$(at_end established-reply)" "$(table -p icmp --icmp-id 404)"
mark ICMPv6
echo_request client fd00:2::2 406
check 'IPv6 ICMPv6' flow fd00:1::2 fd00:2::2 fd00:2::1 58 'type=128 code=0 id=406' 'type=129 code=0 id=406' 0 established-reply
check 'as in the table' same "$(at_end established-reply)" "$(table -f ipv6 -p icmpv6 --icmpv6-id 406)"

# Nobody listens there: the answer is an error, of the datagram's connection.
mark UDP
udp client 10.0.2.2 53 40014
check 'IPv4 UDP, and an error about it' says 'before none' \
	'after new original 17 src=10.0.1.2 dst=10.0.2.2 sport=40014 dport=53 src=10.0.2.2 dst=10.0.1.2 sport=53 dport=40014 mark=0 zone=0/0 -' \
	'end new original 17 src=10.0.1.2 dst=10.0.2.2 sport=40014 dport=53 src=10.0.2.2 dst=10.0.2.1 sport=53 dport=40014 mark=0 zone=0/0 snat,snat-done,dnat-done' \
	'before none' \
	'after related-reply reply 17 src=10.0.1.2 dst=10.0.2.2 sport=40014 dport=53 src=10.0.2.2 dst=10.0.2.1 sport=53 dport=40014 mark=0 zone=0/0 confirmed,snat,snat-done,dnat-done'
check 'as in the table' same "$(at_end new)" "$(table -p udp --orig-port-src 40014)"
mark 'UDP, IPv6'
udp client fd00:2::2 53 40016
check 'IPv6 UDP' same "$(poll enough 3; at_end new)" "$(table -f ipv6 -p udp --orig-port-src 40016)"

mark notrack
udp client 10.0.2.2 9 40024
udp client fd00:2::2 9 40026
check 'untracked' says 'before untracked' 'after untracked' 'end untracked'
check 'untracked, both' enough 6

mark zone
udp client 10.0.2.2 5 40034
udp client fd00:2::2 7 40036
check 'a template, then the zone that it asked for' lines "ns=${inode[router]} before template zone=5/5"
check 'both directions' lines 'after new original 17 src=10.0.1.2 .* zone=5/5 '
check 'a template for one direction' lines "ns=${inode[router]} before template zone=7/0"
check 'the original direction' lines 'after new original 17 src=fd00:1::2 .* zone=7/0 '
check 'as in the table' within router sh -c 'conntrack -L -p udp | grep -F "zone=5" && conntrack -L -f ipv6 -p udp | grep -F zone-orig=7'

mark helper
tcp client 10.0.2.2 21 40044
tcp client fd00:2::2 21 40046
check 'the helper, from where a rule has set it' says 'before none' \
	'after new original 6 src=10.0.1.2 dst=10.0.2.2 sport=40044 dport=21 src=10.0.2.2 dst=10.0.1.2 sport=21 dport=40044 mark=0 zone=0/0 -' \
	'end new original 6 src=10.0.1.2 dst=10.0.2.2 sport=40044 dport=21 src=10.0.2.2 dst=10.0.2.1 sport=21 dport=40044 mark=0 zone=0/0 snat,snat-done,dnat-done,helper' \
	'end helper=ftp' \
	'before none' \
	'after established-reply reply 6 src=10.0.1.2 dst=10.0.2.2 sport=40044 dport=21 src=10.0.2.2 dst=10.0.2.1 sport=21 dport=40044 mark=0 zone=0/0 seen-reply,confirmed,snat,snat-done,dnat-done,helper' \
	'after helper=ftp'
check 'as in the table' within router sh -c 'conntrack -L -p tcp | grep -F helper=ftp && conntrack -L -f ipv6 | grep -F helper=ftp'

# The router itself refuses the connection.
mark 'destination NAT'
fails tcp client 10.0.1.1 8080 40054
fails tcp client fd00:1::1 8080 40056
check 'IPv4 destination NAT' lines 'end established-reply reply 6 src=10.0.1.2 dst=10.0.1.1 sport=40054 dport=8080 src=10.0.1.1 dst=10.0.1.2 sport=8081 dport=40054 mark=0 zone=0/0 seen-reply,confirmed,dnat,snat-done,dnat-done,dying$'
check 'IPv6 destination NAT' lines 'end established-reply reply 6 src=fd00:1::2 dst=fd00:1::1 sport=40056 dport=8080 src=fd00:1::1 dst=fd00:1::2 sport=8081 dport=40056 mark=0 zone=0/0 seen-reply,confirmed,dnat,snat-done,dnat-done,dying$'
check 'unloads' modunload nf_test_conntrack
