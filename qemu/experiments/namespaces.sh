# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'Does a hook see the packets of other network namespaces?'
setup 'Probes at prerouting 0: one in the router'\''s namespace, one in the server'\''s, one in a namespace beside, one in all. Echo' \
	'requests and replies of a ping from client to router.'
setup_ns beside
for v in 4 6; do
	for ns in router server beside; do probe "$ns" "$ns$v" hook=prerouting match="${echoes[$v]}"; done
	mkdir "$lab/all$v"
	write "all$v" namespace all
	write "all$v" match "${echoes[$v]}"
	write "all$v" active 1
	pings client "${near[$v]}" 1 >/dev/null
	expect "IPv$v, in router: the request" 1 figure "router$v" packets
	expect "IPv$v, in server" 0 figure "server$v" packets
	expect "IPv$v, beside" 0 figure "beside$v" packets
	expect "IPv$v, in all: request and reply" 2 figure "all$v" packets
done
sweep
ip netns del beside
namespaces=(client router server)
why 'Hooks belong to a namespace, and a packet meets those of the namespace that it is in; on its way through veth it meets those of' \
	'the next. A hook that was registered in the first namespace only sees nothing of containers.'
