#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Safe code that runs while the module is unloaded, and leaves more to be done (rust/tests/unload.rs): nothing of it is
# done when the module is gone. Each case once was a crash.
# Own guest: it leaks memory on purpose.
. qemu/lib.sh

topology

# datagrams COUNT PORT: from the client to the server.
datagrams() {
	within client python3 -c "
from socket import *
s = socket(AF_INET, SOCK_DGRAM)
for _ in range($1):
	try: s.sendto(b'x', ('10.0.2.2', $2))
	except OSError: pass"
}

# What was left would be done within the time that the next case takes.
cases=('' 'a worker begins another' 'dropped data begin a worker' 'dropped data drop more')
for case in 1 2 3; do
	modload nf_test_unload case=$case
	check "${cases[case]}: unloads" modunload nf_test_unload
done

# Packets that are freed all the time, so that the probe drops those that are kept.
mark kept
modload nf_test_unload case=4
datagrams 1500 4444
datagrams 20000 4446 &
check 'a probe drops kept packets: unloads' modunload nf_test_unload
check 'a probe drops kept packets: some were kept' lines '[1-9][0-9]* kept'
wait
check 'still there' echo_request client 10.0.2.2 1
forgive_leaks
