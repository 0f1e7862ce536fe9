#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A packet that the router's filter chain drops ends there, as often as nft has counted; a mark that the chain sets is its
# doing, and is seen from there on. Topology: lib.sh.
. qemu/lib.sh

topology
serve server 80
modload nf_path

mark drop
check 'IPv4: port 23 cannot be reached' fails tcp client 10.0.2.2 23 40004 0.3
check 'IPv6: port 23 cannot be reached' fails tcp client fd00:2::2 23 40006 0.3
# Of a path that has ended: has PATTERN.
has() { grep -E -e "$1" <<<"$found"; }
for port in 40004 40006; do
	found=$(path ":$port>.*:23 ") || :
	check "port $port: dropped by the chain" has '^router FORWARD DROPPED by 0 inet fw forward \(nft_do_chain_inet\), NETFILTER_DROP in nft_do_chain '
	check "port $port: no further" fails has '^router POST_ROUTING'
done
as_nft_counts() {
	local counted
	counted=$(within router nft list chain inet fw forward | sed -nE 's/.*dport 23 counter packets ([0-9]+) .*/\1/p')
	same "$(lines ' DROPPED by 0 inet fw forward ' | wc -l)" "$counted"
}
check 'as many as nft has counted' poll as_nft_counts

mark mark
within router nft insert rule inet fw forward meta mark set 0x17
tcp client 10.0.2.2 80 40014
tcp client fd00:2::2 80 40016
for port in 40014 40016; do
	found=$(path ":$port>.* flags=S ") || :
	check "port $port: no mark before the chain" has '^router FORWARD in=r0 .* mark=0x0 '
	check "port $port: set by the chain" has '^router FORWARD 0 inet fw forward \(nft_do_chain_inet\): mark 0x0>0x17$'
	check "port $port: kept behind it" has '^router POST_ROUTING in=r0 .* mark=0x17 '
done
