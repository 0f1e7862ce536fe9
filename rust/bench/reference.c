// SPDX-License-Identifier: GPL-2.0-only
/*
 * make bench: the hook bodies in C, as the kernel's own hooks are written: the
 * core has checked the IP header, skb_header_pointer() reads what is behind it.
 *
 * body= says which (nf_bench.h), count= how many hooks there are. All are at
 * FORWARD of IPv4, in insmod's namespace. How many packets matched is printed
 * when the module goes.
 */
#include <linux/ip.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/nsproxy.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/textsearch.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_conntrack.h>

#include "nf_bench.h"

static u64 __percpu *matched;
static struct ts_config *needle;

static unsigned int accept(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	return NF_ACCEPT;
}

static unsigned int udp_port(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);
	const struct udphdr *udp;
	struct udphdr _udp;

	if (ip->protocol != IPPROTO_UDP || ip->frag_off & htons(IP_OFFSET))
		return NF_ACCEPT;
	udp = skb_header_pointer(skb, ip->ihl * 4, sizeof(_udp), &_udp);
	if (udp && udp->dest == htons(BENCH_PORT))
		this_cpu_inc(*matched);
	return NF_ACCEPT;
}

static unsigned int prefix_drop(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	if ((ip_hdr(skb)->saddr & htonl(BENCH_MASK)) == htonl(BENCH_PREFIX))
		return NF_DROP;
	return NF_ACCEPT;
}

static unsigned int tcp_flags(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);
	const struct tcphdr *tcp;
	struct tcphdr _tcp;

	if (ip->protocol != IPPROTO_TCP || ip->frag_off & htons(IP_OFFSET))
		return NF_ACCEPT;
	tcp = skb_header_pointer(skb, ip->ihl * 4, sizeof(_tcp), &_tcp);
	if (tcp && tcp->syn && !tcp->ack)
		this_cpu_inc(*matched);
	return NF_ACCEPT;
}

static unsigned int established(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	enum ip_conntrack_info info;
	const struct nf_conn *ct = nf_ct_get(skb, &info);

	if (ct && !nf_ct_is_template(ct) &&
	    (info == IP_CT_ESTABLISHED || info == IP_CT_ESTABLISHED_REPLY))
		this_cpu_inc(*matched);
	return NF_ACCEPT;
}

/* The payload of UDP only: that is what the packet has. */
static unsigned int search(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);
	unsigned int from = ip->ihl * 4 + sizeof(struct udphdr);

	if (ip->protocol != IPPROTO_UDP || ip->frag_off & htons(IP_OFFSET) || skb->len < from)
		return NF_ACCEPT;
	if (skb_find_text(skb, from, skb->len, needle) != UINT_MAX)
		this_cpu_inc(*matched);
	return NF_ACCEPT;
}

static unsigned int set_ttl(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct iphdr *ip;

	if (skb_ensure_writable(skb, sizeof(*ip)))
		return NF_DROP;
	ip = ip_hdr(skb);
	if (ip->ttl != BENCH_TTL) {
		csum_replace2(&ip->check, htons(ip->ttl << 8), htons(BENCH_TTL << 8));
		ip->ttl = BENCH_TTL;
	}
	return NF_ACCEPT;
}

static nf_hookfn *const bodies[] = {
	[BENCH_ACCEPT] = accept,
	[BENCH_UDP_PORT] = udp_port,
	[BENCH_PREFIX_DROP] = prefix_drop,
	[BENCH_TCP_FLAGS] = tcp_flags,
	[BENCH_CT_STATE] = established,
	[BENCH_SEARCH] = search,
	[BENCH_SET_TTL] = set_ttl,
};

static unsigned int body;
module_param(body, uint, 0);
static unsigned int count = 1;
module_param(count, uint, 0);

static struct nf_hook_ops *ops;
static struct net *net;

static int __init reference_init(void)
{
	int err = -ENOMEM;

	if (body >= ARRAY_SIZE(bodies))
		return -EINVAL;
	needle = textsearch_prepare("bm", BENCH_NEEDLE, BENCH_NEEDLE_LEN, GFP_KERNEL, TS_AUTOLOAD);
	if (IS_ERR(needle))
		return PTR_ERR(needle);
	matched = alloc_percpu(u64);
	ops = kvcalloc(count, sizeof(*ops), GFP_KERNEL);
	if (!matched || !ops)
		goto err;
	for (unsigned int i = 0; i < count; i++)
		ops[i] = (struct nf_hook_ops){
			.hook = bodies[body],
			.pf = NFPROTO_IPV4,
			.hooknum = NF_INET_FORWARD,
			.priority = NF_IP_PRI_FILTER + i,
		};
	net = get_net(current->nsproxy->net_ns);
	err = nf_register_net_hooks(net, ops, count);
	if (!err)
		return 0;
	put_net(net);
err:
	kvfree(ops);
	free_percpu(matched);
	textsearch_destroy(needle);
	return err;
}

static void __exit reference_exit(void)
{
	u64 sum = 0;
	int cpu;

	nf_unregister_net_hooks(net, ops, count);
	/* The array is read under RCU (nft list hooks). */
	synchronize_rcu();
	put_net(net);
	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(matched, cpu);
	pr_info("nf_bench_c: %llu matched\n", sum);
	kvfree(ops);
	free_percpu(matched);
	textsearch_destroy(needle);
}

module_init(reference_init);
module_exit(reference_exit);
MODULE_DESCRIPTION("Benchmark: hooks in C");
MODULE_LICENSE("GPL");
