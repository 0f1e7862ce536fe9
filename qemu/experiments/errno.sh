# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of lab.sh and lib.sh, which run this
question 'What does sendto(2) say when a hook at LOCAL_OUT drops what it sends?'
setup 'A probe at the client'\''s output 0 drops UDP to port 9 in different ways; a program sends there and prints its error.'
# sending ADDRESS
sending() { within client python3 -S -c 'import errno, socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
try: socket.socket(family, socket.SOCK_DGRAM).sendto(b"hello\n", (sys.argv[1], 9)); print("no error")
except OSError as error: print(errno.errorcode[error.errno])' "$1"; }
mkdir "$lab/drop"
write drop namespace "${inode[client]}"
write drop hook output
write drop match 'proto udp dport 9'
while IFS=: read -r action error; do
	write drop action "$action"
	write drop active 1
	for v in 4 6; do expect "IPv$v, $action" "$error" sending "${server[$v]}"; done
	write drop active 0
done <<-'END'
	drop:EPERM
	drop EHOSTUNREACH:EHOSTUNREACH
	drop NO_SOCKET:EPERM
	accept:no error
END
expect 'arrived' 2 arrived
why 'At LOCAL_OUT the sender waits for the verdict: NF_DROP tells it EPERM, NF_DROP_ERR() what the hook wants, and' \
	'NF_DROP_REASON() EPERM again: its reason is for the kfree_skb tracepoint. Elsewhere there is nobody to tell.'
