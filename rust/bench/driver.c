// SPDX-License-Identifier: GPL-2.0-only
/*
 * make bench: gives packets to the hooks of network namespaces, as the core
 * does, and says what that takes.
 *
 * All is done by writing a line to debugfs' nf_bench/run and reading its result
 * there. Namespaces are file descriptors of the writer's.
 *
 *   hook PACKET linear|split CALLS ROUNDS FD...
 *	CALLS times nf_hook() at FORWARD of IPv4 with that packet, in each
 *	namespace, one after the other; all of that ROUNDS times. A line for each
 *	namespace: packets accepted, packets dropped, TTL after the last, and the
 *	time of each round, whatever loops around the calls included: so one of
 *	the namespaces should have no hook.
 *   forward CALLS ROUNDS FD DEVICE EVERY
 *	CALLS new packets received by that device, ROUNDS times; one of EVERY has
 *	the mark 1. A line of times, and one for packets that are only made and
 *	freed.
 *
 * Time is the processor's time stamp counter: under QEMU with -icount a count of
 * instructions.
 */
#include <linux/debugfs.h>
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/uaccess.h>
#include <net/ip.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_zones.h>
#include <net/tcp.h>

#include "nf_bench.h"

#define SOURCE 0x0a090102 /* 10.9.1.2 */
#define DESTINATION 0x0a0a0102 /* 10.10.1.2 */
#define TTL 64
#define MAX_NETS 16
#define MAX_ROUNDS 64
#define RESULT_SIZE SZ_64K

struct packet {
	const char *name;
	u8 protocol;
	u16 ip_options;
	u16 tcp_options;
	u16 payload;
	u16 needle; /* where in the payload it begins; 0: nowhere */
	bool tracked; /* of a connection that is established */
	bool dropped; /* the hooks drop it: it is held, so that it stays */
};

static const struct packet packets[] = {
	{ .name = "udp", .protocol = IPPROTO_UDP, .payload = 64 },
	{ .name = "prefix", .protocol = IPPROTO_UDP, .payload = 64, .dropped = true },
	{ .name = "tcp", .protocol = IPPROTO_TCP, .ip_options = 12, .tcp_options = 20, .payload = 64 },
	{ .name = "tracked", .protocol = IPPROTO_UDP, .payload = 64, .tracked = true },
	{ .name = "text", .protocol = IPPROTO_UDP, .payload = 512, .needle = 448 },
};

/* The words of a text in which the needle's first letter is as frequent as in English. */
static const char filler[] = "NOBODY EXPECTS THE ANSWER TO BE FOUND IN THE MIDDLE OF NOWHERE, ";

static DEFINE_MUTEX(lock);
static char *result;
static size_t result_len;

static int fill_transport(const struct packet *packet, u8 *at)
{
	u8 *payload = at;
	unsigned int i;

	if (packet->protocol == IPPROTO_UDP) {
		struct udphdr *udp = (struct udphdr *)at;

		udp->source = htons(40000);
		udp->dest = htons(BENCH_PORT);
		udp->len = htons(sizeof(*udp) + packet->payload);
		payload += sizeof(*udp);
	} else {
		struct tcphdr *tcp = (struct tcphdr *)at;

		tcp->source = htons(40000);
		tcp->dest = htons(80);
		tcp->doff = (sizeof(*tcp) + packet->tcp_options) / 4;
		tcp->syn = 1;
		payload += sizeof(*tcp);
		memset(payload, TCPOPT_NOP, packet->tcp_options);
		payload += packet->tcp_options;
	}
	for (i = 0; i < packet->payload; i++)
		payload[i] = filler[i % (sizeof(filler) - 1)];
	if (packet->needle)
		memcpy(payload + packet->needle, BENCH_NEEDLE, BENCH_NEEDLE_LEN);
	return payload + packet->payload - at;
}

static int track(struct sk_buff *skb)
{
	static const struct nf_conntrack_zone zone = { .id = NF_CT_DEFAULT_ZONE_ID, .dir = NF_CT_DEFAULT_ZONE_DIR };
	struct nf_conntrack_tuple original = {}, reply = {};
	struct nf_conn *ct;

	original.src.l3num = AF_INET;
	original.src.u3.ip = htonl(SOURCE);
	original.dst.u3.ip = htonl(DESTINATION);
	original.dst.protonum = IPPROTO_UDP;
	reply.src.l3num = AF_INET;
	reply.src.u3.ip = htonl(DESTINATION);
	reply.dst.u3.ip = htonl(SOURCE);
	reply.dst.protonum = IPPROTO_UDP;
	reply.dst.dir = IP_CT_DIR_REPLY;
	ct = nf_conntrack_alloc(&init_net, &zone, &original, &reply, GFP_KERNEL);
	if (IS_ERR(ct))
		return PTR_ERR(ct);
	/* As nobody else will find it. */
	refcount_set(&ct->ct_general.use, 1);
	__set_bit(IPS_SEEN_REPLY_BIT, &ct->status);
	nf_ct_set(skb, ct, IP_CT_ESTABLISHED);
	return 0;
}

/* Data begin at the IP header; split: only that is linear, the rest lies in a page. */
static struct sk_buff *make_packet(const struct packet *packet, bool split)
{
	struct sk_buff *skb = alloc_skb(2048, GFP_KERNEL);
	struct page *page = NULL;
	struct iphdr *ip;
	int len;

	if (!skb)
		return NULL;
	skb_reserve(skb, 128);
	skb_reset_network_header(skb);
	skb->protocol = htons(ETH_P_IP);
	len = sizeof(*ip) + packet->ip_options;
	ip = skb_put_zero(skb, len);
	ip->version = 4;
	ip->ihl = len / 4;
	ip->ttl = TTL;
	ip->protocol = packet->protocol;
	ip->saddr = htonl(SOURCE);
	ip->daddr = htonl(DESTINATION);
	memset(ip + 1, IPOPT_NOOP, packet->ip_options);
	skb_set_transport_header(skb, len);
	if (split) {
		page = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!page)
			goto err;
		len = fill_transport(packet, page_address(page));
		skb_add_rx_frag(skb, 0, page, 0, len, PAGE_SIZE);
	} else {
		len = fill_transport(packet, skb_tail_pointer(skb));
		skb_put(skb, len);
	}
	ip->tot_len = htons(skb->len);
	ip_send_check(ip);
	if (packet->tracked && track(skb))
		goto err;
	return skb;
err:
	kfree_skb(skb);
	return NULL;
}

static int okfn(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return 0;
}

/* One namespace, and what has become of the packets that its hooks were given. */
struct tally {
	struct net *net;
	unsigned int accepted;
	unsigned int dropped;
	u8 ttl; /* of the last packet; 0: its checksum is wrong */
	u64 times[MAX_ROUNDS];
};

static noinline u64 call_hooks(struct tally *tally, struct sk_buff *skb, bool hold, unsigned int calls)
{
	struct net_device *dev = tally->net->loopback_dev;
	struct iphdr *ip = ip_hdr(skb);
	__sum16 check;
	u64 begin, end;

	ip->ttl = TTL;
	ip_send_check(ip);
	check = ip->check;
	local_bh_disable();
	begin = rdtsc_ordered();
	for (unsigned int i = 0; i < calls; i++) {
		/* A hook may have changed them. */
		ip->ttl = TTL;
		ip->check = check;
		if (hold)
			skb_get(skb);
		if (nf_hook(NFPROTO_IPV4, NF_INET_FORWARD, tally->net, NULL, skb, dev, dev, okfn) == 1) {
			tally->accepted++;
			if (hold)
				refcount_dec(&skb->users);
		} else {
			tally->dropped++;
		}
	}
	end = rdtsc_ordered();
	local_bh_enable();
	tally->ttl = ip_fast_csum(ip, ip->ihl) ? 0 : ip->ttl;
	return end - begin;
}

static __printf(1, 2) void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	result_len += vscnprintf(result + result_len, RESULT_SIZE - result_len, format, args);
	va_end(args);
}

static void say_times(const u64 *times, unsigned int rounds)
{
	for (unsigned int i = 0; i < rounds; i++)
		say(" %llu", times[i]);
	say("\n");
}

static int run_hook(char *args)
{
	unsigned int calls, rounds, nets = 0, used = 0, i, j;
	const struct packet *packet = NULL;
	struct sk_buff *skb = NULL;
	struct tally *tallies;
	char name[16], shape[16];
	int err = 0;

	if (sscanf(args, "%15s %15s %u %u %n", name, shape, &calls, &rounds, &used) != 4 || !used ||
	    rounds > MAX_ROUNDS)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(packets); i++)
		if (!strcmp(packets[i].name, name))
			packet = &packets[i];
	if (!packet)
		return -EINVAL;
	tallies = kvcalloc(MAX_NETS, sizeof(*tallies), GFP_KERNEL);
	if (!tallies)
		return -ENOMEM;
	for (args += used; args && nets < MAX_NETS; nets++) {
		struct net *net;
		int fd;

		err = kstrtoint(strsep(&args, " "), 10, &fd);
		net = err ? NULL : get_net_ns_by_fd(fd);
		err = err ?: PTR_ERR_OR_ZERO(net);
		if (err)
			goto out;
		tallies[nets].net = net;
	}
	skb = make_packet(packet, !strcmp(shape, "split"));
	if (!skb) {
		err = -ENOMEM;
		goto out;
	}
	for (i = 0; i < rounds; i++)
		for (j = 0; j < nets; j++)
			tallies[j].times[i] = call_hooks(&tallies[j], skb, packet->dropped, calls);
	for (j = 0; j < nets; j++) {
		say("%u %u %u", tallies[j].accepted, tallies[j].dropped, tallies[j].ttl);
		say_times(tallies[j].times, rounds);
	}
out:
	kfree_skb(skb);
	for (j = 0; j < nets; j++)
		put_net(tallies[j].net);
	kvfree(tallies);
	return err;
}

/* As a driver gives a packet to the stack, or only made and freed where there is no device. */
static int receive(struct net_device *dev, unsigned int calls, unsigned int every, u64 *time)
{
	struct sk_buff_head list;
	u64 begin, end;

	__skb_queue_head_init(&list);
	for (unsigned int i = 0; i < calls; i++) {
		struct sk_buff *skb = make_packet(&packets[0], false);

		if (!skb) {
			__skb_queue_purge(&list);
			return -ENOMEM;
		}
		skb->mac_header = skb->network_header - ETH_HLEN;
		skb->mac_len = ETH_HLEN;
		skb->dev = dev;
		skb->mark = i % every == 0;
		__skb_queue_tail(&list, skb);
	}
	local_bh_disable();
	begin = rdtsc_ordered();
	for (struct sk_buff *skb; (skb = __skb_dequeue(&list));) {
		if (dev)
			netif_receive_skb(skb);
		else
			kfree_skb(skb);
	}
	end = rdtsc_ordered();
	local_bh_enable();
	*time = end - begin;
	return 0;
}

static int run_forward(char *args)
{
	u64 times[2][MAX_ROUNDS];
	struct net_device *dev;
	unsigned int calls, rounds, every;
	char name[IFNAMSIZ];
	struct net *net;
	int fd, err = 0;

	if (sscanf(args, "%u %u %d %15s %u", &calls, &rounds, &fd, name, &every) != 5 ||
	    rounds > MAX_ROUNDS || !every)
		return -EINVAL;
	net = get_net_ns_by_fd(fd);
	if (IS_ERR(net))
		return PTR_ERR(net);
	dev = dev_get_by_name(net, name);
	if (!dev)
		err = -ENODEV;
	for (unsigned int i = 0; i < rounds && !err; i++)
		err = receive(dev, calls, every, &times[0][i]) ?:
		      receive(NULL, calls, every, &times[1][i]);
	if (!err) {
		say_times(times[0], rounds);
		say_times(times[1], rounds);
	}
	dev_put(dev);
	put_net(net);
	return err;
}

static ssize_t run_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	char *line __free(kfree) = memdup_user_nul(from, len);
	char *args = line;
	int err = -EINVAL;

	if (IS_ERR(line))
		return PTR_ERR(no_free_ptr(line));
	guard(mutex)(&lock);
	result_len = 0;
	strsep(&args, " ");
	if (!args)
		return -EINVAL;
	if (!strcmp(line, "hook"))
		err = run_hook(strim(args));
	else if (!strcmp(line, "forward"))
		err = run_forward(strim(args));
	return err ?: len;
}

static ssize_t run_read(struct file *file, char __user *to, size_t len, loff_t *pos)
{
	guard(mutex)(&lock);
	return simple_read_from_buffer(to, len, pos, result, result_len);
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.read = run_read,
	.write = run_write,
};

static struct dentry *folder;

static int __init bench_init(void)
{
	result = kvzalloc(RESULT_SIZE, GFP_KERNEL);
	if (!result)
		return -ENOMEM;
	folder = debugfs_create_dir("nf_bench", NULL);
	debugfs_create_file("run", 0600, folder, NULL, &run_fops);
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove(folder);
	kvfree(result);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("Benchmark: gives packets to hooks");
MODULE_LICENSE("GPL");
