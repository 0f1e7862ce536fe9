# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'What do hooks just before and just after connection tracking see of a connection?'
setup 'The router tracks. Probes at prerouting conntrack-1 (-201) and conntrack+1 (-199). The client pings the server twice.'
track router
for v in 4 6; do
	probe router "before$v" hook=prerouting priority=conntrack-1 match="${echoes[$v]}"
	probe router "after$v" hook=prerouting priority=conntrack+1 match="${echoes[$v]}"
	pings client "${server[$v]}" 2 >/dev/null
	expect "IPv$v at -201" 'none 4' states "before$v"
	expect "IPv$v at -199" 'new 1, established 1, established-reply 2' states "after$v"
done
why 'The hook at -200 finds the entry of each packet or makes one. A packet that comes to -201 has none yet, in either' \
	'direction, whatever its connection has been through.'
