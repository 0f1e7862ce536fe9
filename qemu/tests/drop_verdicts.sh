#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What the three ways to drop a packet (rust/tests/drop.rs, for port 9) tell the local sender, and what the kfree_skb
# tracepoint tells everyone: at LOCAL_OUT, where a bridge has it, and at a device's egress. Topology: lib.sh's bridge.
. qemu/lib.sh

setup_ns a
tracing=/sys/kernel/tracing

# sending NAMESPACE ADDRESS [LEVEL OPTION]: the error of sendto(2), with that socket option turned on.
sending() { within "$1" python3 -c 'import errno, socket, sys
sender = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
if sys.argv[2:]: sender.setsockopt(*map(int, sys.argv[2:]), 1)
try: sender.sendto(b"hello", (sys.argv[1], 9)); print("none")
except OSError as error: print(errno.errorcode.get(error.errno, error.errno))' "${@:2}"; }
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
	check "$ip: without the module nothing is wrong" same none "$(sending a "$ip")"
done
echo 1 >"$tracing/events/skb/kfree_skb/enable"
# drops PARAMETERS SENDTO CONNECT REASON
drops() {
	local ip
	# shellcheck disable=SC2086 # a list
	modload nf_test_drop $1
	for ip in 127.0.0.1 ::1; do
		reasons >/dev/null
		check "${1:-plain}, $ip: sendto(2)" same "$2" "$(sending a "$ip")"
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

# --- where a bridge has it, or a device: there are no errors of the hook's own

bridge_topology
receive right 10
receive right 9
# The hosts also send what nobody asked for.
gives() { # REASON ADDRESS
	reasons >/dev/null
	same "none $1" "$(sending left "$2") $(reasons)"
}
dropped() { # PLACE PARAMETERS REASON WHAT
	local ip
	# shellcheck disable=SC2086 # a list
	within left insmod "$modules/tests/nf_test_drop.ko" place=$1 $2
	for ip in 10.0.3.2 fd00:3::2; do check "$4, $ip: reason, and no error" poll gives "$3" "$ip"; done
	# Another port's arrives.
	for ip in 10.0.3.2 fd00:3::2; do udp left "$ip" 10 40004; done
	check "$4: unloads" modunload nf_test_drop
}
for ip in 10.0.3.2 fd00:3::2; do check "$ip answers" poll echo_request left "$ip" 1; done
dropped 1 '' NOT_SPECIFIED 'bridge, PRE_ROUTING'
dropped 1 reason=1 NO_SOCKET 'bridge, PRE_ROUTING, with a reason'
dropped 2 '' NETFILTER_DROP 'bridge, FORWARD'
dropped 3 '' NETFILTER_DROP 'egress'
dropped 3 reason=1 NO_SOCKET 'egress, with a reason'
check 'none of them arrived' received right 9 0
check 'all for another port did' received right 10 10
# Who asks for errors is told of a full queue (IP_RECVERR, IPV6_RECVERR).
for parameters in reason=0 reason=1; do
	within left insmod "$modules/tests/nf_test_drop.ko" place=3 "$parameters"
	check "egress, $parameters, IPv4: as a full queue" same ENOBUFS "$(sending left 10.0.3.2 0 11)"
	check "egress, $parameters, IPv6: as a full queue" same ENOBUFS "$(sending left fd00:3::2 41 25)"
	modunload nf_test_drop
done
