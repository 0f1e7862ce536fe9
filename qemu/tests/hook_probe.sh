#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What rust/tests/nf_test_hook_probe.ko is told that the hooks at the router's FORWARD return, where several share a
# priority: nft's counters say which of them saw and dropped what. Topology: lib.sh.
# Own guest: it leaks memory on purpose.
. qemu/lib.sh

topology
within router nft -f - <<-'END'
	table ip two {
		counter small { }
		chain forward {
			type filter hook forward priority 0
			udp dport 4444 udp length 20 counter name small drop
		}
	}
	table ip later {
		counter medium { }
		counter queued { }
		chain forward {
			type filter hook forward priority 1
			udp dport 4444 udp length 21 counter name medium drop
			udp dport 4444 udp length 22 counter name queued queue num 7 bypass
		}
	}
END
within router iptables-legacy -A FORWARD -p udp --dport 4444 -m length --length 43 -j DROP
# send BYTES
send() { head -c "$1" /dev/zero | within client socat -u - UDP:10.0.2.2:4444; }
counted() { within router nft list counter ip "$1" "$2" | sed -nE 's/.*packets ([0-9]+) .*/\1/p'; }
# told: in order, without First, which cannot be traced
told() { lines '^nf_test_hook_probe: .* quick: ' | sed 's/nf_test_hook_probe: //; s/ quick//'; }
reaches() { poll is_last "$1"; }
is_last() { [[ $(told | tail -n 1) == "$1" ]]; }
tables='filter ipt_do_table [ip_tables] other'
two='filter nft_do_chain_ipv4 [nf_tables] nftables ip two forward'
fw='filter nft_do_chain_inet [nf_tables] nftables inet fw forward'
later='filter+1 nft_do_chain_ipv4 [nf_tables] nftables ip later forward'
printf -v all '%s: ACCEPT\n' "$tables" "$two" "$fw" "$later"

mark load
within router insmod "$modules/tests/nf_test_hook_probe.ko"
check 'each function has a probe, chains of one family the same' lines '3 functions'
mark accepted
send 5
check 'accepted by all' reaches "$later: ACCEPT"
check 'in order' same "$(told)" "${all%$'\n'}"
mark two
send 12
check 'dropped by one of three at a priority' reaches "$two: DROP"
check 'by the one whose counter says so' same "$(told) $(counted two small)" "$tables: ACCEPT"$'\n'"$two: DROP 1"
mark iptables
send 15
check 'dropped by iptables beside nft' reaches "$tables: DROP"
mark later
send 13
check 'dropped by the chain behind' reaches "$later: DROP"
check 'whose counter says so' same "$(counted later medium)" 1
mark queued
send 14
check 'queued' reaches "$later: QUEUE 7"
check 'no address in what is told' unseen 'nf_test_hook_probe: .*(0x|ffff[0-9a-f]{4})'
check 'unloads' modunload nf_test_hook_probe
check 'none missed' lines '^nf_test_hook_probe: 0 missed'

# Coming and going, also of what is probed, while packets pass on both processors.
pids=()
for cpu in 0 1; do
	ip netns exec client taskset -c "$cpu" ping -q -f 10.0.2.2 >/dev/null &
	pids+=($!)
done
for leak in 0 1 0 1; do
	within router insmod "$modules/tests/nf_test_hook_probe.ko" leak=$leak
	modunload nf_test_hook_probe
done
within router insmod "$modules/tests/nf_test_hook_probe.ko"
within router iptables-legacy -F FORWARD
check 'what is probed goes' poll rmmod iptable_filter xt_length ip_tables
check 'the probe goes later' modunload nf_test_hook_probe
kill "${pids[@]}"
functions() { wc -l </sys/kernel/tracing/enabled_functions; }
check 'no function is left probed' same "$(functions)" 0
forgive_leaks
