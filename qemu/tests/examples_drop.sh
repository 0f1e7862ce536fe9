#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The examples that drop packets (rust/examples/): which get through, and what the sender is told. Topology: lib.sh.
. qemu/lib.sh

# Before any other namespace is there: nothing else is to be counted.
setup_ns alone
receive alone 9
receive alone 10
example drop_port
for ip in 127.0.0.1 ::1; do
	for port in 9 10; do udp alone "$ip" "$port" 40004; done
done
check 'drop_port: another port gets both' received alone 10 2
check 'drop_port: the port gets none' received alone 9 0
check 'drop_port: unloads' unexample drop_port
check 'drop_port: has counted the rest' lines '^nf_example_drop_port: 2 other packets$'
check 'drop_port: without it the port gets them' udp alone 127.0.0.1 9 40004
check 'drop_port: and there they are' received alone 9 1

topology
serve server 80

# --- deny_range: of each range the first, the last, and those beside

sending() { # FROM TO: the error of sendto(2)
	within client python3 -c 'import errno, socket, sys
udp = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((sys.argv[1], 0))
try: udp.sendto(b"hello\n", (sys.argv[2], 9)); print("none")
except OSError as error: print(errno.errorcode[error.errno])' "$1" "$2"
}
for ip in 192.0.1.255 192.0.2.0 192.0.2.255 192.0.3.0; do ip -n client address add "$ip/32" dev lo; done
ones=ffff:ffff:ffff:ffff:ffff:ffff
for ip in "2001:db7:$ones" 2001:db8:: "2001:db8:$ones" 2001:db9::; do ip -n client address add "$ip/128" dev lo nodad; done
receive server 9
denied() { # FROM TO
	check "deny_range: from $1: an error" same EHOSTUNREACH "$(sending "$1" "$2")"
}
allowed() {
	count=$((count + 1))
	check "deny_range: from $1: none" same none "$(sending "$1" "$2")"
	check "deny_range: from $1: arrives" received server 9 "$count"
}
count=0
example deny_range
allowed 192.0.1.255 10.0.2.2
denied 192.0.2.0 10.0.2.2
denied 192.0.2.255 10.0.2.2
allowed 192.0.3.0 10.0.2.2
allowed "2001:db7:$ones" fd00:2::2
denied 2001:db8:: fd00:2::2
denied "2001:db8:$ones" fd00:2::2
allowed 2001:db9:: fd00:2::2
check 'deny_range: unloads' unexample deny_range
allowed 192.0.2.255 10.0.2.2

# --- every_nth, quota

replies() { within client ping -q -c "$1" -i 0.05 -W 1 "$2" | sed -n 's/.* transmitted, \([0-9]*\) received.*/\1/p'; }
example every_nth n=3
check 'every_nth: IPv4: six of nine' same 6 "$(replies 9 10.0.2.2)"
check 'every_nth: IPv6: six of nine' same 6 "$(replies 9 fd00:2::2)"
check 'every_nth: unloads' unexample every_nth
example every_nth n=0
check 'every_nth: n=0: all' same 4 "$(replies 4 10.0.2.2)"
check 'every_nth: unloads' unexample every_nth

# Datagrams of 34 bytes with IPv4 and 54 with IPv6.
spend() {
	udp client 10.0.2.2 9 40004
	udp client fd00:2::2 9 40006
}
example quota bytes=141
count=$(grep -c hello /run/server.9)
spend # 88 bytes
spend # 122 with the first, and 20 too few for the other
udp client 10.0.2.2 9 40004
check 'quota: three are let in' received server 9 $((count + 3))
check 'quota: unloads' unexample quota
spend
check 'quota: without it all are' received server 9 $((count + 5))

# --- connection_limit

# open NAMESPACE ADDRESS SOURCE_PORT: a connection that stays.
open() {
	ip netns exec "$1" socat -d0 -u EXEC:'sleep 100' "TCP:$(bracket "$2"):80,sourceport=$3,reuseaddr" &
	opened=$!
	poll established "$1" "$3"
}
established() { [[ $(within "$1" ss --no-header --numeric --tcp state established "sport = :$2") ]]; }
serve router 80
example connection_limit limit=2
for ip in 10.0.2.2 fd00:2::2; do
	open client "$ip" 41001
	first=$opened
	open client "$ip" 41002
	second=$opened
	check "connection_limit: $ip: a third is dropped" fails tcp client "$ip" 80 41003 0.5
	kill "$first"
	check "connection_limit: $ip: one ended: another" tcp client "$ip" 80 41004
	check "connection_limit: $ip: and another" tcp client "$ip" 80 41005
	open client "$ip" 41006
	third=$opened
	check "connection_limit: $ip: the limit again" fails tcp client "$ip" 80 41007 0.5
	kill "$second" "$third"
	poll fails established client 41002
done
# To the server the client has the router's address.
for ips in '10.0.2.1 10.0.2.2' 'fd00:2::1 fd00:2::2'; do
	open server "${ips% *}" 41008
	first=$opened
	open server "${ips% *}" 41009
	check "connection_limit: ${ips% *}: is not limited by connections to it" tcp client "${ips#* }" 80 41010
	kill "$first" "$opened"
done
check 'connection_limit: unloads' unexample connection_limit
# Nobody listens there, and that is what the server answers; connections that never were are not closed either.
example connection_limit limit=10000
check 'connection_limit: no more than 4096 are kept, of whomever' same 4096 "$(within client python3 -c '
import resource, socket, time
resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
sockets = [socket.socket() for _ in range(4106)]
for port, s in enumerate(sockets, 20000):
    s.bind(("10.0.1.2", port))
    s.setblocking(False)
    s.connect_ex(("10.0.2.2", 81))
refused = set()
end = time.monotonic() + 20
while time.monotonic() < end and len(refused) < len(sockets):
    refused |= {s for s in sockets if s not in refused and s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)}
    if len(refused) >= 4096: end = min(end, time.monotonic() + 1)
    time.sleep(0.1)
print(len(refused))')"
check 'connection_limit: unloads again' unexample connection_limit

# --- time_of_day

at() { date --utc --set="2026-01-01 $1" >/dev/null; }
example time_of_day from=9 to=17
port=42000
for ip in 10.0.2.2 fd00:2::2; do
	for time in 08:59:30 17:00:00 23:59:50 00:00:00; do
		at "$time"
		check "time_of_day: 9 to 17, $time, $ip: no" fails tcp client "$ip" 80 $((port += 1)) 0.5
	done
	for time in 09:00:00 12:34:56 16:59:30; do
		at "$time"
		check "time_of_day: 9 to 17, $time, $ip: yes" tcp client "$ip" 80 $((port += 1))
	done
done
check 'time_of_day: unloads' unexample time_of_day
example time_of_day from=22 to=6
for time in 22:00:00 00:00:00 05:59:30; do
	at "$time"
	check "time_of_day: 22 to 6, $time: yes" tcp client 10.0.2.2 80 $((port += 1))
done
for time in 06:00:00 21:59:30; do
	at "$time"
	check "time_of_day: 22 to 6, $time: no" fails tcp client 10.0.2.2 80 $((port += 1)) 0.5
done
check 'time_of_day: unloads' unexample time_of_day
