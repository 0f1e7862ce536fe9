#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# nf_path's tracepoints say the same as its lines in the log, which other tests prove, and can be filtered by their
# fields, as nft's counter says. Topology: lib.sh.
. qemu/lib.sh

tracing=/sys/kernel/tracing
topology
serve server 80
modload nf_path rate=100000

# steps_traced, steps_logged: number, point, priority and hook of each.
steps_traced() {
	sed -nE "s/.* step: #([0-9]+) netns=[0-9]+ point=(\S+) priority=(-?[0-9]+) hook='([^']*)' ns=.*/\1 \2 \3 \4/p" "$tracing/trace" | sort
}
steps_logged() {
	lines '^nf_path: #' | sed -nE 's/^nf_path: #([0-9]+) ns=[0-9]+ (\S+) (-?[0-9]+) (-|[0-9.]+[mu]?s) ([^:]*)(: .*)?$/\1 \2 \3 \5/p' | sort
}
# ends_traced, ends_logged: number, namespace, and how.
ends_traced() { sed -nE "s/.* end: #([0-9]+) netns=([0-9]+) point=\S+ how='([^']*)'.*/\1 \2 \3/p" "$tracing/trace" | sort; }
ends_logged() { lines '^nf_path: #' | sed -nE 's/^nf_path: #([0-9]+) ns=([0-9]+) \S+ ([A-Z]{4,} [^;]*|DELIVERED);.*/\1 \2 \3/p' | sort; }
ends() { (($(ends_logged | wc -l) >= $1)); }
traced() { grep -E -e "$1" "$tracing/trace"; }

mark off
within client ping -q -c 1 10.0.2.2 >/dev/null
check 'followed' poll ends 1
check 'off: nothing is traced' fails traced nf_path

mark on
echo 1 >"$tracing/events/nf_path/enable"
tcp client 10.0.2.2 80 40001
tcp client fd00:2::2 80 40002
within client ping -q -c 2 10.0.2.2 >/dev/null
fails tcp client 10.0.2.2 23 40003 1 2>/dev/null
check 'ends are traced' poll traced "end: .*how='DROPPED by .*inet fw forward"
check 'many steps are in the log' test "$(steps_logged | wc -l)" -ge 50
# Some packets are under way at any time.
same_steps() { same "$(steps_traced)" "$(steps_logged)"; }
same_ends() { same "$(ends_traced)" "$(ends_logged)"; }
check 'the same steps as in the log' poll same_steps
check 'the same ends as in the log' poll same_ends
echo 0 >"$tracing/events/nf_path/enable"
check 'addresses, ports and what has changed' traced \
	"step: #.* point=POST_ROUTING priority=100 hook='nf_nat_ipv4_out .*' ns=[1-9][0-9]* changes='src 10.0.1.2:40001>10.0.2.1:40001' family=IPv4 protocol=6 src=10.0.2.1:40001 dst=10.0.2.2:80 ttl=63 dscp=0 len=60 mark=0x?0 ct=new"
check 'IPv6' traced 'step: #.* family=IPv6 protocol=6 src=\[fd00:1::2\]:40002 dst=\[fd00:2::2\]:80 '
check 'no addresses of the kernel' fails traced 'nf_path.*(0x)?ffff[0-9a-f]{12}'

# By a field. Nothing that is not asked for.
: >"$tracing/trace"
before=$(within router nft list chain inet fw forward | grep -oP '(?<=packets )[0-9]+')
echo 'dport == 23 && reason != 0' >"$tracing/events/nf_path/end/filter"
echo 1 >"$tracing/events/nf_path/end/enable"
mark filter
tcp client 10.0.2.2 80 40004
fails tcp client 10.0.2.2 23 40005 2 2>/dev/null
fails tcp client fd00:2::2 23 40006 2 2>/dev/null
poll traced '\[fd00:1::2\]:40006' >/dev/null
dropped() { within router nft list chain inet fw forward | grep -oP '(?<=packets )[0-9]+'; }
as_many() { (($(traced ' end: ' | wc -l) == $(dropped) - before)); }
check "a field: as many as nft's counter" poll as_many
check 'a field: no others' fails traced 'dst=.*:80$'

# What others read: three requests, and their answers.
cat >/run/pings <<'END'
#!/bin/sh
ip netns exec client ping -q -c 3 10.0.2.2
sleep 1
END
chmod +x /run/pings
delivered="point=LOCAL_IN how='DELIVERED' reason=0 points=7 .* src=10.0.1.2:0 dst=10.0.2.2:0"
trace-cmd record -q -e nf_path -o /run/trace.dat /run/pings >/dev/null
trace-cmd report -i /run/trace.dat >/run/trace.txt 2>&1
check 'trace-cmd: ends' same "$(grep -cE "end: .*$delivered" /run/trace.txt)" 3
check 'trace-cmd: steps' grep -E "step: .*point=FORWARD priority=0 hook='inet fw forward \(nft_do_chain_inet\)' ns=" /run/trace.txt
perf record -q -a -e nf_path:end -o /run/perf.data -- /run/pings >/dev/null
perf script -i /run/perf.data >/run/perf.txt 2>&1
check 'perf' same "$(grep -cE "nf_path:end: .*$delivered" /run/perf.txt)" 3
# bpftrace runs no script, and has addresses as bytes.
requests='tracepoint:nf_path:end /args.saddr[6] == 1/ { printf("end: %d %d %d\n", args.point, args.points, args.protocol) }'
bpftrace -q -c '/bin/sh /run/pings' -e "$requests" >/run/bpftrace.txt 2>&1 || cat /run/bpftrace.txt
check 'bpftrace' same "$(grep end: /run/bpftrace.txt)" "$(printf "end: 1 7 1\n%.0s" 1 2 3)"
# An event that is on goes with its module.
check 'unloads' modunload nf_path
check 'and the tracepoints are gone' fails test -e "$tracing/events/nf_path"
