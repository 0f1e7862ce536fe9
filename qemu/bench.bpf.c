// SPDX-License-Identifier: GPL-2.0-only
/*
 * make bench: the hook bodies as BPF programs of type NETFILTER, as far as those
 * can: they cannot change a packet. qemu/bench compiles them, qemu/bench-bpf
 * loads them.
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "nf_bench.h"

#define SEC(name) __attribute__((section(name), used))
#define NF_DROP 0
#define NF_ACCEPT 1
#define bswap16(x) __builtin_bswap16(x)
#define bswap32(x) __builtin_bswap32(x)

/* The kernel's, which the loader compares with this. */
struct bpf_nf_ctx {
	const struct nf_hook_state *state;
	struct __sk_buff *skb;
} __attribute__((preserve_access_index));

extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *ptr) SEC(".ksyms");
extern void *bpf_dynptr_slice(const struct bpf_dynptr *ptr, __u32 offset, void *buffer, __u32 len)
	SEC(".ksyms");

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;

struct {
	int (*type)[BPF_MAP_TYPE_PERCPU_ARRAY];
	__u32 *key;
	__u64 *value;
	int (*max_entries)[1];
} matched SEC(".maps");

static inline __attribute__((always_inline)) void count(void)
{
	__u32 key = 0;
	__u64 *value = bpf_map_lookup_elem(&matched, &key);

	if (value)
		++*value;
}

SEC("netfilter") int accept(struct bpf_nf_ctx *ctx)
{
	return NF_ACCEPT;
}

SEC("netfilter") int udp_port(struct bpf_nf_ctx *ctx)
{
	struct iphdr *ip, _ip;
	struct udphdr *udp, _udp;
	struct bpf_dynptr ptr;

	if (bpf_dynptr_from_skb(ctx->skb, 0, &ptr))
		return NF_ACCEPT;
	ip = bpf_dynptr_slice(&ptr, 0, &_ip, sizeof(_ip));
	if (!ip || ip->protocol != IPPROTO_UDP || ip->frag_off & bswap16(0x1fff))
		return NF_ACCEPT;
	udp = bpf_dynptr_slice(&ptr, ip->ihl * 4, &_udp, sizeof(_udp));
	if (udp && udp->dest == bswap16(BENCH_PORT))
		count();
	return NF_ACCEPT;
}

SEC("netfilter") int prefix_drop(struct bpf_nf_ctx *ctx)
{
	struct iphdr *ip, _ip;
	struct bpf_dynptr ptr;

	if (bpf_dynptr_from_skb(ctx->skb, 0, &ptr))
		return NF_ACCEPT;
	ip = bpf_dynptr_slice(&ptr, 0, &_ip, sizeof(_ip));
	if (ip && (ip->saddr & bswap32(BENCH_MASK)) == bswap32(BENCH_PREFIX))
		return NF_DROP;
	return NF_ACCEPT;
}

SEC("netfilter") int tcp_flags(struct bpf_nf_ctx *ctx)
{
	struct iphdr *ip, _ip;
	struct tcphdr *tcp, _tcp;
	struct bpf_dynptr ptr;

	if (bpf_dynptr_from_skb(ctx->skb, 0, &ptr))
		return NF_ACCEPT;
	ip = bpf_dynptr_slice(&ptr, 0, &_ip, sizeof(_ip));
	if (!ip || ip->protocol != IPPROTO_TCP || ip->frag_off & bswap16(0x1fff))
		return NF_ACCEPT;
	tcp = bpf_dynptr_slice(&ptr, ip->ihl * 4, &_tcp, sizeof(_tcp));
	if (tcp && tcp->syn && !tcp->ack)
		count();
	return NF_ACCEPT;
}

char bench_license[] SEC("license") = "GPL";
