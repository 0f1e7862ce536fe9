#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A packet that the router's filter chain drops is seen by FORWARD's first hook and by none behind the chain; a mark that
# a chain sets is seen from there on. Topology: lib.sh.
. qemu/lib.sh

topology
serve server 80
modload nf_path

# The hooks that the lines name, one a line, in every namespace but the client's.
hooks() { lines "ns=(${inode[router]}|${inode[server]}) .*$1" | awk '{ printf "%s/%s\n", $3, substr($4, 6) }'; }

mark drop
check 'IPv4: port 23 cannot be reached' fails tcp client 10.0.2.2 23 40004 0.3
check 'IPv6: port 23 cannot be reached' fails tcp client fd00:2::2 23 40006 0.3
for port in 40004 40006; do
	# A second SYN may follow the first.
	check "port $port: gone after FORWARD's first hook" same "$(hooks ":$port>.*:23 " | sort -u | paste -sd ' ')" \
		'FORWARD/first PRE_ROUTING/first PRE_ROUTING/last'
done

mark mark
within router nft insert rule inet fw forward meta mark set 0x17
tcp client 10.0.2.2 80 40014
tcp client fd00:2::2 80 40016
for port in 40014 40016; do
	check "port $port: no mark before the chain" lines "FORWARD prio=first .*:$port>.* flags=S .* mark=0x0 "
	check "port $port: mark set by the chain" lines "FORWARD prio=last .*:$port>.* flags=S .* mark=0x17 "
	check "port $port: mark kept to the end" lines "ns=${inode[router]} POST_ROUTING prio=last .*:$port>.* flags=S .* mark=0x17 "
done
