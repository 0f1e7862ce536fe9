#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# nf_path's tracepoints say the same as its lines in the log, which other tests prove: from what ftrace, trace-cmd, perf
# and bpftrace have read of them the lines are put together again. What the lines do not have is what others say: tcpdump,
# nft's counter. Topology: lib.sh.
. qemu/lib.sh

tracing=/sys/kernel/tracing
topology
serve server 80
receive server 2000
modprobe nfnetlink_queue
within router nft -f - <<-'END'
	table inet t {
		chain raw { type filter hook prerouting priority raw; udp dport 5 ct zone set 5; }
		chain mangle { type filter hook prerouting priority mangle; udp dport 6 meta mark set 6 ct mark set 6; }
		chain held { type filter hook forward priority 10; udp dport 2000 queue num 4; }
		chain one { type filter hook forward priority 20; }
		chain other { type filter hook forward priority 20; }
	}
END
ip netns exec router qemu/nfqueue 4 accept >/run/queue &
program=$!
poll grep -q listening /run/queue
modload nf_path rate=1000000
# No neighbours that look for each other in between.
echo family ipv4 >/sys/kernel/debug/nf_path/filter

# as_logged FILE: the lines of the log that events are.
as_logged() {
	awk -v quote="'" '
		function value(key, text) {
			if (!match($0, " " key "=(" quote "[^" quote "]*" quote "|[^ ]*)")) return ""
			text = substr($0, RSTART + length(key) + 2, RLENGTH - length(key) - 2)
			gsub("^" quote "|" quote "$", "", text)
			return text
		}
		# bpftrace has numbers where the others have names.
		function named(key, names, list) {
			if (value(key) !~ /^[0-9]+$/) return value(key)
			split(names, list)
			return list[value(key) + 1]
		}
		function flags(text, n, letters) {
			if (text !~ /^[0-9]+$/) return text == "" ? "-" : text
			for (n = 0; n < 8; n++) if (int(text / 2 ^ n) % 2) letters = letters substr("FSRPAUEC", n + 1, 1)
			return letters == "" ? "-" : letters
		}
		function time(ns, unit) {
			ns += 0
			if (ns < 0) return "-"
			unit = ns < 1000000 ? 1000 : ns < 1000000000 ? 1000000 : 1000000000
			return int(ns / unit) "." int(ns % unit * 10 / unit) (unit == 1000 ? "us" : unit == 1000000 ? "ms" : "s")
		}
		function address(key, header, text) {
			text = value(key)
			if (header ~ /^(TCP|UDP|SCTP)$/) return text
			sub(/:0$/, "", text)
			gsub(/[][]/, "", text)
			return text
		}
		function packet(header, text) {
			header = named("header", "malformed truncated TCP UDP SCTP ICMP ICMPv6 other")
			text = value("family") ~ /4|^2$/ ? "IPv4" : "IPv6"
			if (header == "malformed") return text " malformed"
			text = text " " address("src", header) ">" address("dst", header)
			if (header ~ /^(SCTP|other)$/) text = text " PROTO=" value("protocol")
			else text = text " " header
			if (header == "TCP") text = text " flags=" flags(value("tcp_flags"))
			if (header ~ /ICMP/) text = text " type=" value("icmp_type") " code=" value("icmp_code")
			if (header ~ /ICMP/ && value("icmp_id") + 0 >= 0) text = text " id=" value("icmp_id") " seq=" value("icmp_seq")
			if (value("frag") + 0 >= 0) text = text " frag=" value("frag")
			return text
		}
		function full(text, mark) {
			mark = value("mark")
			text = packet() " ttl=" value("ttl")
			if (value("dscp") + 0 > 0) text = text " dscp=" value("dscp")
			return text " len=" value("len") " mark=" (mark == "0" ? "0x0" : mark) " ct=" \
				named("ct", "none new established related established-reply related-reply untracked template")
		}
		function hooks(names, each, n, text, i) {
			n = split(value("hook"), names, / \| /)
			split(value("each_ns"), each, / \| /)
			for (i = 1; i <= n; i++)
				text = text (i > 1 ? " | " : "") names[i] (n > 1 && each[i] != "-" ? " " time(each[i]) : "")
			return text
		}
		!match($0, /(point|reset|step|away|end): +#[0-9]+ netns=/) { next }
		{
			split(substr($0, RSTART), word)
			start = word[2] " ns=" value("netns") " " named("point", "PRE_ROUTING LOCAL_IN FORWARD LOCAL_OUT POST_ROUTING") " "
		}
		word[1] == "point:" { print start "in=" value("iif") " out=" value("oif") " " full() }
		word[1] == "reset:" { print start "reset" (value("after") + 0 ? " after #" value("after") : "") ", sent by " value("stack") }
		word[1] == "step:" {
			print start (value("hooks") + 0 ? value("priority") : "?") " " time(value("ns")) " " hooks() \
				(value("changes") == "" ? "" : ": " value("changes"))
		}
		word[1] == "away:" { print start "away: queued or stolen by " value("by") }
		word[1] == "end:" {
			if (value("lost") + 0 > 0) print start value("lost") " lines and changes more of it were not kept"
			print start value("how") "; " value("points") " points, " value("hooks") " hooks, " time(value("ns")) "; " packet()
		}' "$1" | sort
}
logged() { lines '^nf_path: #' | sed 's/^nf_path: //' | sort; }
# same_as FILE [SED]: all lines in the log, or what is left of them.
same_as() { same "$(as_logged "$1")" "$(logged | sed -nE "${2-p}" | sort)"; }
traced() { grep -E -e "$1" "$tracing/trace"; }

# Packets of all kinds, and the last of them, ID: when its path has ended those of all others have.
cat >/run/traffic <<'END'
#!/usr/bin/env bash
send() { ip netns exec client "$@" >/dev/null 2>&1; }
send socat -u OPEN:/dev/null TCP:10.0.2.2:80
send socat -u OPEN:/dev/null TCP:10.0.2.2:81
send socat -u OPEN:/dev/null TCP:10.0.2.2:23,connect-timeout=0.5
send ping -c 1 -s 3000 -Q 0x20 10.0.2.2
for port in 5 6 7; do echo | send socat -u - "UDP:10.0.2.2:$port"; done
send ping -c 1 -t 1 -W 1 10.0.2.2
send ping -c 1 -e "$1" 10.0.2.2
until dmesg | grep -qE " points, .* type=0 code=0 id=$1 seq=1$"; do sleep 0.1; done
END
chmod +x /run/traffic

mark off
within client ping -q -c 1 10.0.2.2 >/dev/null
check 'followed' poll lines ' points, .* type=0 '
check 'off: nothing is traced' fails traced nf_path

mark tracefs
echo 1 >"$tracing/events/nf_path/enable"
kill -STOP "$program"
udp client 10.0.2.2 2000 40000
check 'a packet is away' poll lines ' away: queued or stolen by 10 inet t held '
kill -CONT "$program"
check 'it comes back' received server 2000 1
capture client:eth0
tcp client 10.0.2.2 80 40001
end_capture client:eth0 '10.0.1.2.40001 > 10.0.2.2.80: Flags \[[F.]+\]'
/run/traffic 2
check 'the same as in the log' poll same_as "$tracing/trace"
echo 0 >"$tracing/events/nf_path/enable"
for kind in ' in=- out=eth0 IPv4 10.0.1.2:40001>10.0.2.2:80 TCP flags=S ttl=64 len=60 mark=0x0 ct=none$' ' in=r0 out=- .* frag=[1-9]' ' dscp=8 ' \
	' reset after #[0-9]+, sent by .* tcp_v4_send_reset < ' ' DROPPED by 0 inet fw forward .* NETFILTER_DROP in ' ' DROPPED after the hooks, ' \
	' 20 [0-9.]+[mu]?s inet t other [^|]* [0-9.]+[mu]?s \| inet t one [^|]* [0-9.]+[mu]?s$' ' 2147483647 - nf_confirm' ' type=11 code=0[; ]' \
	' away: ' ' ct none>template, ct zone 0>5$' ' mark 0x0>0x6'; do
	check "among them:$kind" lines "^nf_path: #.*$kind"
done
# What those have not.
syn=$(captured client:eth0 '40001 > .* Flags \[S\]')
number() { sed -E "s/.* $1 ([0-9]+).*/\1/" <<<"$syn"; }
check 'sequence number and window' traced "point: .* tcp_flags=S tcp_seq=$(number seq) tcp_ack=0 tcp_window=$(number win) "
check 'acknowledgement' traced "point: .* tcp_flags=SA tcp_seq=[0-9]+ tcp_ack=$((($(number seq) + 1) % 2 ** 32)) "
check 'why, as a number too' traced "outcome=DROPPED .* reason=[1-9][0-9]* reason_name='NETFILTER_DROP'"
check 'others are not dropped' traced "outcome=DELIVERED how='DELIVERED' reason=0 reason_name='' "
check 'zone of a template, and of the connection' traced 'step: .* priority=-200 .* ct=new ct_mark=(0x)?0 ct_zone=5$'
check 'mark of the connection' traced 'point: .* mark=0x6 ct=new ct_mark=0x6 ct_zone=0$'
check 'a time that is not known' traced "priority=2147483647 hook='nf_confirm .*' ns=-1 "
sums() { traced 'step: ' | sed -nE "s/.* ns=([0-9]+) each_ns='([0-9]+) \| ([0-9]+)'.*/\1 \2 \3/p" | awk '{ n++; if ($1 != $2 + $3) exit 1 } END { exit !n }'; }
check 'the time of two at one priority is that of both' sums
check 'points without a hook' traced "point: .* netns=${inode[client]} point=LOCAL_OUT iif=- oif=eth0 "
check 'of which there is no step' fails traced "step: .* netns=${inode[client]} point=LOCAL_OUT "
check 'no addresses of the kernel' fails traced 'nf_path.*(0x)?ffff[0-9a-f]{12}'

# By a field. Nothing that is not asked for.
echo >/sys/kernel/debug/nf_path/filter
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
check 'a field: no others' fails traced 'dst=\S*:80 '
check 'a field: IPv6' traced 'family=IPv6 protocol=6 src=\[fd00:1::2\]:40006 dst=\[fd00:2::2\]:23 header=TCP'
echo 0 >"$tracing/events/nf_path/end/enable"
echo 0 >"$tracing/events/nf_path/end/filter"
echo family ipv4 >/sys/kernel/debug/nf_path/filter

# What others read.
mark trace-cmd
trace-cmd record -q -e nf_path -o /run/trace.dat /run/traffic 3 >/dev/null
trace-cmd report -i /run/trace.dat >/run/trace.txt 2>&1
check 'trace-cmd: the same' same_as /run/trace.txt
mark perf
perf record -q -a -e 'nf_path:*' -o /run/perf.data -- /run/traffic 4 >/dev/null
perf script -i /run/perf.data >/run/perf.txt 2>&1
check 'perf: the same' same_as /run/perf.txt
# bpftrace has addresses as bytes, of texts those of a fixed length, and as many arguments as fit.
packet='src=%d.%d.%d.%d:%d dst=%d.%d.%d.%d:%d family=%d protocol=%d header=%d tcp_flags=%d icmp_type=%d icmp_code=%d icmp_id=%d icmp_seq=%d frag=%d'
cat >/run/path.bt <<END
tracepoint:nf_path:point {
	printf("point: #%llu netns=%u point=%d iif=%s oif=%s ", args.number, args.netns, args.point, args.iif, args.oif);
	printf("ttl=%d dscp=%d len=%d mark=0x%x ct=%d ", args.ttl, args.dscp, args.len, args.mark, args.ct);
}
tracepoint:nf_path:end {
	printf("end: #%llu netns=%u point=%d points=%d hooks=%d ns=%llu how= ", args.number, args.netns, args.point, args.points, args.hooks, args.ns);
}
tracepoint:nf_path:point, tracepoint:nf_path:end {
	printf("$packet\n", args.saddr[4], args.saddr[5], args.saddr[6], args.saddr[7], args.sport, args.daddr[4], args.daddr[5], args.daddr[6], args.daddr[7], args.dport,
		args.family, args.protocol, args.header, args.tcp_flags, args.icmp_type, args.icmp_code, args.icmp_id, args.icmp_seq, args.frag);
}
END
mark bpftrace
bpftrace -q -c '/usr/bin/bash /run/traffic 5' /run/path.bt >/run/bpftrace.txt 2>&1
check 'bpftrace: the same' same_as /run/bpftrace.txt '/ in=/p; s/^(#[0-9]+ ns=[0-9]+ [A-Z_]+ )[^;]*(; [0-9]+ points)/\1\2/p'
# An event that is on goes with its module.
echo 1 >"$tracing/events/nf_path/enable"
check 'unloads' modunload nf_path
check 'and the tracepoints are gone' fails test -e "$tracing/events/nf_path"
