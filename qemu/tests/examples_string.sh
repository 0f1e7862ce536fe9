#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# rust/examples/match_string.rs finds its word wherever it lies in a packet's buffer: in the linear part, in pages, in a
# list of fragments, and across their borders. Topology: lib.sh.
. qemu/lib.sh

topology

# arrives tcp|udp ADDRESS LENGTH OFFSET WORD: does the server receive so many bytes, with that word at that place, from the
# client? By UDP it is one datagram, by TCP a file sent by sendfile(2), whose pages the packets share.
arrives() {
	python3 - "$@" <<-'END'
		import os, socket, sys, threading

		def inside(namespace, function):
		    os.setns(os.open(f"/run/netns/{namespace}", os.O_RDONLY))
		    return function()

		kind, address, length, offset, word = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5].encode()
		data = b"." * offset + word + b"." * (length - offset - len(word))
		family = socket.AF_INET6 if ":" in address else socket.AF_INET
		sort = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
		server = inside("server", lambda: socket.socket(family, sort))
		client = inside("client", lambda: socket.socket(family, sort))
		server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		server.bind((address, 80))
		if kind == "tcp":
		    server.listen()
		client.connect((address, 80))
		if kind == "tcp":
		    server = server.accept()[0]
		    with open("/run/sent", "wb") as file:
		        file.write(data)
		    threading.Thread(target=client.sendfile, args=(open("/run/sent", "rb"),), daemon=True).start()
		else:
		    client.send(data)
		server.settimeout(0.5)
		received = b""
		try:
		    while len(received) < length:
		        received += server.recv(65536)
		except TimeoutError:
		    pass
		os._exit(received != data)
	END
}
lost() { fails arrives "$@"; }

example match_string
check 'IPv6 fragments: a word that is cut is not found' arrives udp fd00:2::2 60000 1436 forbidden
# Connection tracking puts them together before the hook.
within server nft 'table inet t { chain c { type filter hook prerouting priority 0; ct state new; }; }'
for ip in 10.0.2.2 fd00:2::2; do
	check "UDP, another word, to $ip" arrives udp "$ip" 100 20 forbiddem
	check "UDP, another word, fragments, to $ip" arrives udp "$ip" 60000 30000 forbiddem
	check "TCP, another word, to $ip" arrives tcp "$ip" 60000 30000 forbiddem
done
check 'unloads' unexample match_string
check 'nothing was dropped' lines '^nf_example_match_string: 0 packets dropped'

example match_string
# A fragment of IPv4 carries 1480 bytes, one of IPv6 1448; the first 8 are the UDP header.
for ip in 10.0.2.2 fd00:2::2; do
	for at in '9 0' '100 91' '100 20' '60000 0' '60000 59991' '60000 1464' '60000 1468' '60000 1472' '60000 1436' \
		'60000 1440'; do
		# shellcheck disable=SC2086 # two arguments
		check "UDP of ${at% *} bytes, at ${at#* }, to $ip" lost udp "$ip" $at forbidden
	done
done
check 'unloads' unexample match_string
check 'each was dropped' lines '^nf_example_match_string: 20 packets dropped'

example match_string
for ip in 10.0.2.2 fd00:2::2; do
	for at in 0 16380 59991; do check "TCP, at $at, to $ip" lost tcp "$ip" 60000 "$at" forbidden; done
done
check 'unloads' unexample match_string
