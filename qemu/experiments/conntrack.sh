# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'What do hooks just before and just after connection tracking see of a connection?'
setup 'The router tracks. Probes at prerouting conntrack-1 (-201) and conntrack+1 (-199). The client pings the server twice.'
track router
for v in 4 6; do
	around "ct$v" prerouting conntrack match="${echoes[$v]}"
	pings client "${server[$v]}" 2 >/dev/null
	expect "IPv$v at -201" 'none 4' states "ct$v-1"
	expect "IPv$v at -199" 'new 1, established 1, established-reply 2' states "ct$v+1"
done
why 'The hook at -200 finds the entry of each packet or makes one. What another host has sent has none yet at -201, in either' \
	'direction, whatever its connection has been through. (What this host sends to itself brings the one along that it got at output.)'
