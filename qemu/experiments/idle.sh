# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'Does connection tracking track where no rule asks for it?'
setup 'nf_conntrack is loaded, the router has no rules. A probe at prerouting conntrack+1. A ping; then a rule with ct; a ping.'
for v in 4 6; do
	probe router "after$v" hook=prerouting priority=conntrack+1 match="${echoes[$v]}"
	pings client "${server[$v]}" 1 >/dev/null
	expect "IPv$v, no rule: -199 sees" 'none 2' states "after$v"
	expect "IPv$v, no rule: entries" 0 entries router "$v"
	write "after$v" seen 0
done
track router
for v in 4 6; do
	pings client "${server[$v]}" 1 >/dev/null
	expect "IPv$v, a rule with ct: -199 sees" 'new 1, established-reply 1' states "after$v"
done
why 'Its hooks are put into a namespace by the first rule there that needs them (ct, nat), and taken off with the last.' \
	'An experiment against connection tracking without such a rule proves nothing.'
