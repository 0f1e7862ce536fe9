#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# rust/examples/match_string.rs finds its word wherever it lies in a packet's buffer: in the linear part, in pages, in a
# list of fragments, and across their borders. Topology: lib.sh.
. qemu/lib.sh

topology

# arrives KIND ADDRESS LENGTH OFFSET WORD: see qemu/exchange.
arrives() { qemu/exchange "$@"; }
lost() { fails arrives "$@"; }

example match_string
check 'IPv6 fragments: a word that is cut is not found' arrives udp fd00:2::2 60000 1436 forbidden
# Connection tracking puts them together before the hook.
within server nft 'table inet t { chain c { type filter hook prerouting priority 0; ct state new; }; }'
for ip in 10.0.2.2 fd00:2::2; do
	check "UDP, another word, to $ip" arrives udp "$ip" 100 20 forbiddem
	check "UDP, another word, fragments, to $ip" arrives udp "$ip" 60000 30000 forbiddem
	check "TCP, another word, to $ip" arrives tcp "$ip" 60000 30000 forbiddem
done
check 'unloads' unexample match_string
check 'nothing was dropped' lines '^nf_example_match_string: 0 packets dropped'

example match_string
# A fragment of IPv4 carries 1480 bytes, one of IPv6 1448; the first 8 are the UDP header.
for ip in 10.0.2.2 fd00:2::2; do
	for at in '9 0' '100 91' '100 20' '60000 0' '60000 59991' '60000 1464' '60000 1468' '60000 1472' '60000 1436' \
		'60000 1440'; do
		# shellcheck disable=SC2086 # two arguments
		check "UDP of ${at% *} bytes, at ${at#* }, to $ip" lost udp "$ip" $at forbidden
	done
done
check 'unloads' unexample match_string
check 'each was dropped' lines '^nf_example_match_string: 20 packets dropped'

example match_string
for ip in 10.0.2.2 fd00:2::2; do
	for at in 0 16380 59991; do check "TCP, at $at, to $ip" lost tcp "$ip" 60000 "$at" forbidden; done
done
check 'unloads' unexample match_string
