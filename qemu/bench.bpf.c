// SPDX-License-Identifier: GPL-2.0-only
/*
 * make bench: the hook bodies as BPF programs of type NETFILTER, as far as those
 * can: they cannot change a packet. qemu/bench compiles them, qemu/bench-bpf
 * loads them.
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "nf_bench.h"

#define SEC(name) __attribute__((section(name), used))
#define NF_DROP 0
#define NF_ACCEPT 1
#define bswap16(x) __builtin_bswap16(x)
#define bswap32(x) __builtin_bswap32(x)

/* The kernel's, which the loader compares with these. */
struct bpf_nf_ctx {
	const struct nf_hook_state *state;
	struct __sk_buff *skb;
} __attribute__((preserve_access_index));

struct sk_buff {
	unsigned long _nfct;
} __attribute__((preserve_access_index));

struct nf_conn {
	unsigned long status;
} __attribute__((preserve_access_index));

extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *ptr) SEC(".ksyms");
extern void *bpf_dynptr_slice(const struct bpf_dynptr *ptr, __u32 offset, void *buffer, __u32 len)
	SEC(".ksyms");

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;
static long (*const bpf_probe_read_kernel)(void *to, __u32 size, const void *from) =
	(void *)BPF_FUNC_probe_read_kernel;

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

SEC("netfilter") int ct_state(struct bpf_nf_ctx *ctx)
{
	unsigned long nfct = ((struct sk_buff *)ctx->skb)->_nfct, status;
	const struct nf_conn *ct = (void *)(nfct & ~7UL);
	unsigned int info = nfct & 7;

	if (!ct || bpf_probe_read_kernel(&status, sizeof(status), &ct->status) || status & IPS_TEMPLATE)
		return NF_ACCEPT;
	if (info == IP_CT_ESTABLISHED || info == IP_CT_ESTABLISHED_REPLY)
		count();
	return NF_ACCEPT;
}

/* In windows of 72 bytes that overlap by 8, as far as there are whole ones. */
SEC("netfilter") int search(struct bpf_nf_ctx *ctx)
{
	struct iphdr *ip, _ip;
	struct bpf_dynptr ptr;
	__u64 needle;
	__u32 from;

	__builtin_memcpy(&needle, BENCH_NEEDLE, sizeof(needle));
	if (bpf_dynptr_from_skb(ctx->skb, 0, &ptr))
		return NF_ACCEPT;
	ip = bpf_dynptr_slice(&ptr, 0, &_ip, sizeof(_ip));
	if (!ip || ip->protocol != IPPROTO_UDP || ip->frag_off & bswap16(0x1fff))
		return NF_ACCEPT;
	from = ip->ihl * 4 + sizeof(struct udphdr);
	for (int i = 0; i < 1024; i += 64) {
		__u8 _window[72], *window = bpf_dynptr_slice(&ptr, from + i, _window, sizeof(_window));

		if (!window)
			break;
		for (int j = 0; j <= 64; j++) {
			if (*(__u64 *)(window + j) == needle) {
				count();
				return NF_ACCEPT;
			}
		}
	}
	return NF_ACCEPT;
}

char bench_license[] SEC("license") = "GPL";
