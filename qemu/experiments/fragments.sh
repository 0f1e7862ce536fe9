# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'Where do fragments become a packet?'
setup 'Probes at prerouting -401 and -399. A ping of 3000 bytes, which are three fragments; with no rule, and with one for ct.'
for v in 4 6; do
	around "defrag$v" prerouting defrag match="src ${client[$v]} dst ${server[$v]}"
	within client ping -q -c 1 -s 3000 "${server[$v]}" >/dev/null
	expect "IPv$v, no rule: packets at -401" 3 figure "defrag$v-1" packets
	expect "IPv$v, no rule: packets at -399" 3 figure "defrag$v+1" packets
	track router
	write "defrag$v-1" seen 0
	write "defrag$v+1" seen 0
	within client ping -q -c 1 -s 3000 "${server[$v]}" >/dev/null
	expect "IPv$v, ct: packets at -401" 3 figure "defrag$v-1" packets
	expect "IPv$v, ct: packets at -399" 1 figure "defrag$v+1" packets
	if ((v == 4)); then len=3028; else len=3048; fi
	expect "IPv$v, ct: its length" "$len" field "defrag$v+1" first len
	within router nft flush ruleset
done
why 'Connection tracking needs ports, which only the first fragment has: it brings nf_defrag along, at -400. Without it a router' \
	'passes fragments on as they are, and a hook that looks for ports does not find them in the later ones.'
