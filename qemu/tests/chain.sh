#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Who is registered where, as rust/tests/nf_test_chain.ko reads it at each echo request for the router: the same as
# `nft list hooks` says, and what that does not say. Topology: lib.sh.
. qemu/lib.sh

topology
within router nft -f - <<-'END'
	table arp a {
		chain in {
			type filter hook input priority 5
		}
	}
	table bridge b {
		chain forth {
			type filter hook forward priority -7
		}
	}
	table netdev n {
		chain i {
			type filter hook ingress device "r0" priority 3
		}
		chain e {
			type filter hook egress device "r0" priority -3
		}
	}
	table inet ft {
		flowtable f {
			hook ingress priority 9
			devices = { "r0" }
		}
	}
	table ip nat2 {
		chain in {
			type nat hook prerouting priority -90
		}
	}
END
within router iptables-legacy -t nat -A POSTROUTING -o r1 -j MASQUERADE
within router iptables-legacy -A FORWARD -j ACCEPT

# A BPF program (accept all) at IPv4's FORWARD, priority 42, for as long as this runs.
# bpf(2): BPF_PROG_LOAD of BPF_PROG_TYPE_NETFILTER, BPF_OBJ_GET_INFO_BY_FD for its id, BPF_LINK_CREATE.
exec {bpf}< <(ip netns exec router python3 - <<-'END'
	import ctypes, os, struct, time

	libc = ctypes.CDLL(None, use_errno=True)

	def bpf(command, *attributes):
	    attributes = struct.pack(*attributes)
	    fd = libc.syscall(321, command, attributes, len(attributes))
	    if fd < 0:
	        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
	    return fd

	code = ctypes.create_string_buffer(struct.pack("<BBhiBBhi", 0xb7, 0, 0, 1, 0x95, 0, 0, 0))
	license, info = ctypes.create_string_buffer(b"GPL"), ctypes.create_string_buffer(256)
	program = bpf(5, "<IIQQIIQII16sII", 32, 2, ctypes.addressof(code), ctypes.addressof(license), 0, 0, 0, 0, 0, b"", 0, 45)
	bpf(15, "<IIQ", program, 256, ctypes.addressof(info))
	link = bpf(28, "<IIIIIIiI", program, 0, 45, 0, 2, 2, 42, 0)
	print(struct.unpack_from("<I", info.raw, 4)[0], flush=True)
	time.sleep(1000)
END
)
bpf_pid=$!
read -r bpf_id <&"$bpf"

# nft's list, a line a hook: FAMILY HOOK PRIORITY WHO. It may list things twice.
nft_hooks() {
	{ within router nft list hooks; within router nft list hooks device r0; } | awk '
		$1 == "family" { family = $2; next }
		$1 == "hook" { hook = $2; if ($3 == "device") family = $4; next }
		NF > 1 { who = $2; for (i = 3; i <= NF; i++) who = who " " $i; printf "%s %s %d %s\n", family, hook, $1, who }
	' | sort -u
}
# The module's list in the same form: without the core of NAT, which nft leaves out.
our_hooks() {
	lines '^nf_test_chain: ' | sed -E '
		s/^nf_test_chain: //
		/ nat$/d
		s/ in nat:/ /; s/  / /
		s/PRE_ROUTING/prerouting/; s/POST_ROUTING/postrouting/; s/LOCAL_(IN|OUT)/\L\1PUT/
		s/^(arp) (IN|OUT)/\1 \2PUT/; s/^(\S+ )(\S+)/\1\L\2/
		s/ (other|ours)$//; s/ flowtable .*//
		s/ \S+ (\[.*\]) nftables (.*)/ chain \2 \1/; s/ bpf (.*)/ id \1/' | sort -u
}

modload nf_test_chain
for ip in 10.0.1.1 fd00:1::1; do
	mark "$ip"
	echo_request client "$ip" 1
	check "$ip: the same hooks as nft lists" same "$(our_hooks)" "$(nft_hooks)"
done

# text LINE...: in that order, with nothing between them
text() { log | grep -qzF "$(printf '\nnf_test_chain: %s' "$@")"; }
check "in order of priority, with NAT's own hooks in it" text \
	'ip PRE_ROUTING -400 ipv4_conntrack_defrag [nf_defrag_ipv4] other' \
	'ip PRE_ROUTING -200 ipv4_conntrack_in [nf_conntrack] other' \
	'ip PRE_ROUTING -100 nf_nat_ipv4_pre_routing [nf_nat] nat' \
	'ip PRE_ROUTING -100 in nat: ipt_do_table [ip_tables] other' \
	'ip PRE_ROUTING -100 in nat: nft_nat_do_chain [nft_chain_nat] nftables ip nat2 in'
check 'equal priorities, and BPF' text \
	'ip FORWARD 0 ipt_do_table [ip_tables] other' \
	'ip FORWARD 0 nft_do_chain_inet [nf_tables] nftables inet fw forward' \
	"ip FORWARD 42 nf_hook_run_bpf bpf $bpf_id"
check 'a function of the kernel itself' text 'ip POST_ROUTING -225 apparmor_ip_postroute other'
check 'ours' text 'ip6 LOCAL_IN 0 nf_test_chain::List [nf_test_chain] ours'
check 'bridge' text 'bridge FORWARD -7 nft_do_chain_bridge [nf_tables] nftables bridge b forth'
check 'ARP' text 'arp IN 5 nft_do_chain_arp [nf_tables] nftables arp a in'
check 'ingress, a flowtable, egress' text \
	'r0 INGRESS 3 nft_do_chain_netdev [nf_tables] nftables netdev n i' \
	'r0 INGRESS 9 nf_flow_offload_inet_hook [nf_flow_table_inet] flowtable inet ft f' \
	'r0 EGRESS -3 nft_do_chain_netdev [nf_tables] nftables netdev n e'
check 'no addresses' unseen '^nf_test_chain: .*(0x|ffff[0-9a-f]{4})'

# Read while owners come, change their names, and go.
mark coming
ip netns exec client ping -q -i 0.02 10.0.1.1 >/dev/null &
for _ in {1..10}; do
	within router nft -f - <<-'END'
		table ip come {
			chain nat {
				type nat hook input priority 0
			}
			chain one {
				type filter hook forward priority 1
			}
		}
	END
	within router nft rename chain ip come one another
	within router nft delete table ip come
done
kill $!
check 'a chain that comes' lines 'ip FORWARD 1 nft_do_chain_ipv4 .* nftables ip come one$'
check 'under its next name' lines 'ip FORWARD 1 nft_do_chain_ipv4 .* nftables ip come another$'
kill "$bpf_pid"
check 'unloads' modunload nf_test_chain
