# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'What does sendto(2) say when a hook drops what it sends?'
setup 'A probe at the client'\''s output or postrouting 0, or at the router'\''s forward 0, drops UDP to port 9 in different ways; a' \
	'program on the client sends there and prints its error.'
# sending ADDRESS
sending() { within client python3 -S -c 'import errno, socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
try: socket.socket(family, socket.SOCK_DGRAM).sendto(b"hello\n", (sys.argv[1], 9)); print("no error")
except OSError as error: print(errno.errorcode[error.errno])' "$1"; }
while IFS=: read -r ns hook action error; do
	probe "$ns" drop "hook=$hook" 'match=proto udp dport 9' "action=$action"
	for v in 4 6; do expect "IPv$v, $ns $hook, $action" "$error" sending "${server[$v]}"; done
	rmdir "$lab/drop"
done <<-'END'
	client:output:drop:EPERM
	client:output:drop EHOSTUNREACH:EHOSTUNREACH
	client:output:drop NO_SOCKET:EPERM
	client:postrouting:drop EHOSTUNREACH:EHOSTUNREACH
	router:forward:drop EHOSTUNREACH:no error
	client:output:accept:no error
END
expect 'arrived' 2 arrived
why 'At output, and on from there to postrouting, hooks run in the system call that sends: NF_DROP tells it EPERM, NF_DROP_ERR()' \
	'what the hook wants, and NF_DROP_REASON(), whose reason is for the kfree_skb tracepoint, the error that it is given (of a probe' \
	'EPERM). What another host drops, or this one drops later, nobody is told of.'
