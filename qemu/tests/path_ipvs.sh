#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# IPVS, by NAT: a datagram to the router's virtual service, and the answer, each followed from its sender to its receiver.
# IPVS takes it at LOCAL_IN and sends it on through LOCAL_OUT itself. Topology: lib.sh.
. qemu/lib.sh

topology
modprobe --all ip_vs ip_vs_rr
within router ipvsadm --restore <<-'END'
	-A -u 10.0.1.1:80 -s rr
	-a -u 10.0.1.1:80 -r 10.0.2.2:8080 -m
	-A -u [fd00:1::1]:80 -s rr
	-a -u [fd00:1::1]:80 -r [fd00:2::2]:8080 -m
END
# It waits so long for the answer of a program that is slow to start.
ip netns exec server socat -d0 -t 10 UDP6-RECVFROM:8080,ipv6-v6only=0,fork EXEC:cat &
poll receives server 8080
modload nf_path proto=17

mark ipvs
# asks ADDRESS SOURCE_PORT: is what comes back what was sent?
asks() { [[ $(echo hello | within client socat -t 10 - "UDP:$(bracket "$1"):80,sourceport=$2" | head -n 1) == hello ]]; }
check 'IPv4: answered' asks 10.0.1.1 41000
check 'IPv6: answered' asks fd00:1::1 41001
check 'by the real server' same "$(within router ipvsadm -L -n --stats --exact | awk '$1 == "UDP" { print $3, $4, $5 }')" $'1 1 1\n1 1 1'

request='client LOCAL_OUT in=- out=eth0 IPv4 10.0.1.2:41000>10.0.1.1:80 UDP ttl=64 len=34 mark=0x0 ct=none
client POST_ROUTING in=- out=eth0 IPv4 10.0.1.2:41000>10.0.1.1:80 UDP ttl=64 len=34 mark=0x0 ct=none
client POST_ROUTING -225 apparmor_ip_postroute
router PRE_ROUTING in=r0 out=- IPv4 10.0.1.2:41000>10.0.1.1:80 UDP ttl=64 len=34 mark=0x0 ct=none
router PRE_ROUTING -400 ipv4_conntrack_defrag [nf_defrag_ipv4]
router PRE_ROUTING -200 ipv4_conntrack_in [nf_conntrack]: ct none>new
router PRE_ROUTING -100 nf_nat_ipv4_pre_routing [nf_nat]
router LOCAL_IN in=r0 out=- IPv4 10.0.1.2:41000>10.0.1.1:80 UDP ttl=64 len=34 mark=0x0 ct=new
router LOCAL_IN 98 ip_vs_out_hook [ip_vs]
router LOCAL_IN 99 ip_vs_in_hook [ip_vs]: dst 10.0.1.1:80>10.0.2.2:8080, ttl 64>63, ct new>untracked
router LOCAL_OUT in=- out=r1 IPv4 10.0.1.2:41000>10.0.2.2:8080 UDP ttl=63 len=34 mark=0x0 ct=untracked
router LOCAL_OUT -400 ipv4_conntrack_defrag [nf_defrag_ipv4]
router LOCAL_OUT -200 ipv4_conntrack_local [nf_conntrack]
router LOCAL_OUT -100 nf_nat_ipv4_local_fn [nf_nat]
router LOCAL_OUT -99 ip_vs_out_hook [ip_vs]
router LOCAL_OUT -98 ip_vs_in_hook [ip_vs]
router POST_ROUTING in=r0 out=r1 IPv4 10.0.1.2:41000>10.0.2.2:8080 UDP ttl=63 len=34 mark=0x0 ct=untracked
router POST_ROUTING -225 apparmor_ip_postroute
router POST_ROUTING 100 nf_nat_ipv4_out [nf_nat] for inet nat postrouting
router POST_ROUTING 2147483647 nf_confirm [nf_conntrack]
server PRE_ROUTING in=eth0 out=- IPv4 10.0.1.2:41000>10.0.2.2:8080 UDP ttl=63 len=34 mark=0x0 ct=none
server LOCAL_IN in=eth0 out=- IPv4 10.0.1.2:41000>10.0.2.2:8080 UDP ttl=63 len=34 mark=0x0 ct=none
server LOCAL_IN DELIVERED; 8 points, 14 hooks; IPv4 10.0.1.2:41000>10.0.1.1:80 UDP'
# answer VERSION SERVER CLIENT LENGTH SERVICE: where it comes from the real server and goes on from the service.
answer() {
	echo "router FORWARD in=r1 out=r0 $1 $2:8080>$3 UDP ttl=63 len=$4 mark=0x0 ct=new
router FORWARD 0 inet fw forward (nft_do_chain_inet)
router FORWARD 99 ip_vs_forward_icmp [ip_vs]
router FORWARD 100 ip_vs_out_hook [ip_vs]: src $2:8080>$5:80, ct new>untracked
router POST_ROUTING in=r1 out=r0 $1 $5:80>$3 UDP ttl=63 len=$4 mark=0x0 ct=untracked"
}
to_ipv6='s/IPv4/IPv6/; s/10\.0\.([12])\.([12]):/[fd00:\1::\2]:/g; s/:41000/:41001/g; s/len=34/len=54/
	s/ipv4_conntrack_defrag \[nf_defrag_ipv4\]/ipv6_defrag [nf_defrag_ipv6]/; s/nf_nat_ipv4_pre_routing/nf_nat_ipv6_in/; s/ipv4_/ipv6_/'
check 'IPv4: the whole path of the request' same "$(path ':41000>10.0.1.1:80 UDP')" "$request"
check 'IPv6: the same' same "$(path ':41001>.fd00:1::1.:80 UDP')" "$(sed -E "$to_ipv6" <<<"$request")"
forwarded() { grep -E '^router (FORWARD|POST_ROUTING in=)'; }
check 'IPv4: the answer has the service as its source' same "$(path '10.0.2.2:8080>10.0.1.2:41000 UDP' | forwarded)" \
	"$(answer IPv4 10.0.2.2 10.0.1.2:41000 34 10.0.1.1)"
check 'IPv6: the same' same "$(path '.fd00:2::2.:8080>.fd00:1::2.:41001 UDP' | forwarded)" \
	"$(answer IPv6 '[fd00:2::2]' '[fd00:1::2]:41001' 54 '[fd00:1::1]')"
check 'and arrives at the client' grep -q '^client LOCAL_IN DELIVERED; 7 points' <<<"$(path '10.0.2.2:8080>10.0.1.2:41000 UDP')"
