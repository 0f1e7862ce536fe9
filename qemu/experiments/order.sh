# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'Which of two hooks at one priority comes first?'
setup 'Probes a and b at prerouting 0; a sets mark 0xa, b sets mark 0xb. A ping. Then a is taken off and registered again; a ping.'
for v in 4 6; do
	probe router "a$v" hook=prerouting match="${echoes[$v]}" action='mark 0xa'
	probe router "b$v" hook=prerouting match="${echoes[$v]}" action='mark 0xb'
	pings client "${server[$v]}" 1 >/dev/null
	expect "IPv$v, b registered last: it finds mark" 0x0 field "b$v" first mark
	expect "IPv$v, and a finds mark" 0xb field "a$v" first mark
	write "a$v" active 0
	write "a$v" active 1
	write "a$v" seen 0
	write "b$v" seen 0
	pings client "${server[$v]}" 1 >/dev/null
	expect "IPv$v, a registered last: it finds mark" 0x0 field "a$v" first mark
	expect "IPv$v, and b finds mark" 0xa field "b$v" first mark
done
why 'A hook is put before those that have the same priority already. So p is just before the present owner of p, p+1 just after,' \
	'and an order between equals lasts only until one of them is registered anew.'
