#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What the three ways to drop a packet (rust/tests/drop.rs, at LOCAL_OUT for port 9) tell the local sender, and what the
# kfree_skb tracepoint tells everyone.
. qemu/lib.sh

setup_ns a
tracing=/sys/kernel/tracing

# sending ADDRESS: the error of sendto(2).
sending() { within a python3 -c 'import errno, socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
try: socket.socket(family, socket.SOCK_DGRAM).sendto(b"hello", (sys.argv[1], 9)); print("none")
except OSError as error: print(errno.errorcode.get(error.errno, error.errno))' "$1"; }
# connecting ADDRESS: the error of connect(2).
connecting() { within a python3 -c 'import errno, socket, sys
try: socket.create_connection((sys.argv[1], 9), 1)
except TimeoutError: print("timeout")
except OSError as error: print(errno.errorcode.get(error.errno, error.errno))' "$1"; }
# reasons: with what reasons packets of IPv4 and IPv6 were freed since the last call, each once.
reasons() {
	sed -n 's/.*kfree_skb: .*reason: //p' "$tracing/trace" | sort -u | paste -sd ' '
	: >"$tracing/trace"
}

# Errors of other kinds belong to other packets.
echo 'protocol == 0x0800 || protocol == 0x86dd' >"$tracing/events/skb/kfree_skb/filter"
for ip in 127.0.0.1 ::1; do
	check "$ip: without the module nothing is wrong" same none "$(sending "$ip")"
done
echo 1 >"$tracing/events/skb/kfree_skb/enable"
# drops PARAMETERS SENDTO CONNECT REASON
drops() {
	local ip
	# shellcheck disable=SC2086 # a list
	modload nf_test_drop $1
	for ip in 127.0.0.1 ::1; do
		reasons >/dev/null
		check "${1:-plain}, $ip: sendto(2)" same "$2" "$(sending "$ip")"
		check "${1:-plain}, $ip: reason" same "$4" "$(reasons)"
		check "${1:-plain}, $ip: connect(2)" same "$3" "$(connecting "$ip")"
	done
	check "${1:-plain}: unloads" modunload nf_test_drop
}
drops '' EPERM timeout NETFILTER_DROP
drops 'errno=113' EHOSTUNREACH timeout NETFILTER_DROP
# The one error that connect(2) takes from a packet that was not sent.
drops 'errno=111' ECONNREFUSED ECONNREFUSED NETFILTER_DROP
drops 'errno=4095' 4095 timeout NETFILTER_DROP
drops 'reason=1' EPERM timeout NO_SOCKET
