# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'Do the IP hooks see what a bridge carries?'
setup 'A bridge of two ports between two hosts. At forward probes of family bridge, at -1 and at 0, and one of family inet, at 0;' \
	'a ping without br_netfilter, and one with it.'
bridge_topology
declare -A right=([4]=10.0.3.2 [6]=fd00:3::2)
for v in 4 6; do
	probe bridge "early$v" family=bridge hook=forward priority=-1 match="${echoes[$v]}"
	probe bridge "bridge$v" family=bridge hook=forward priority=0 match="${echoes[$v]}"
	probe bridge "inet$v" family=inet hook=forward priority=0 match="${echoes[$v]}"
	expect "IPv$v, no br_netfilter: answered" 1 pings left "${right[$v]}" 1
	expect "IPv$v, no br_netfilter: bridge, -1" 2 figure "early$v" packets
	expect "IPv$v, no br_netfilter: bridge, 0" 2 figure "bridge$v" packets
	expect "IPv$v, no br_netfilter: inet" 0 figure "inet$v" packets
done
modprobe br_netfilter
within bridge sysctl -q net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
for v in 4 6; do
	expect "IPv$v, br_netfilter: answered" 1 pings left "${right[$v]}" 1
	expect "IPv$v, and with br_netfilter: bridge, -1" 4 figure "early$v" packets
	expect "IPv$v, and with br_netfilter: bridge, 0" 2 figure "bridge$v" packets
	expect "IPv$v, and with br_netfilter: inet" 2 figure "inet$v" packets
done
sweep
for ns in left bridge right; do ip netns del "$ns"; done
namespaces=(client router server)
rmmod br_netfilter
why 'A bridge forwards frames, and calls the hooks of its own family. br_netfilter hangs the IP hooks in between, for filters that' \
	'were written for them: its own hook of the bridge at 0 takes the packet through them, and what comes out of them goes on, at' \
	'forward, with the hooks above 0. Registered last it comes before the probe at 0, which the packet then never meets.'
