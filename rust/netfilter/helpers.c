// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel inline functions and macros that Rust cannot call.
 */
#include <linux/kallsyms.h>
#include <linux/cgroup.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/netfilter_bridge.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <linux/uidgid.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "nf_helpers.h"

#ifndef CONFIG_PREEMPT_COUNT
#error "CONFIG_PREEMPT_COUNT is needed: without it the kernel does not know where it may sleep"
#endif

bool nf_helper_may_sleep(void)
{
	return preemptible() && !rcu_preempt_depth();
}

/*
 * Copies a device's name of at most IFNAMSIZ bytes, NUL included. A rename
 * changes the name while packets pass: a reader may see a mix of the two, but
 * no more than IFNAMSIZ bytes.
 */
void nf_helper_device_name(const struct net_device *dev, char *name)
{
	strscpy(name, dev->name, IFNAMSIZ);
}

u32 nf_helper_device_index(const struct net_device *dev)
{
	return READ_ONCE(dev->ifindex);
}

u8 nf_helper_packet_type(const struct sk_buff *skb)
{
	return skb->pkt_type;
}

bool nf_helper_vlan(const struct sk_buff *skb, u16 *protocol, u16 *tci)
{
	if (!skb_vlan_tag_present(skb))
		return false;
	*protocol = ntohs(skb->vlan_proto);
	*tci = skb_vlan_tag_get(skb);
	return true;
}

void nf_helper_gso(const struct sk_buff *skb, u16 *size, u16 *segments)
{
	*size = skb_shinfo(skb)->gso_size;
	*segments = skb_shinfo(skb)->gso_segs;
}

/*
 * A received packet can have a socket too: one found early, or the sender's in
 * the namespace that it comes from. Those do not count.
 */
bool nf_helper_owner(const struct sk_buff *skb, const struct net *net, u32 *uid, u64 *cgroup)
{
	const struct sock *sk = skb->sk;

	if (!sk || skb_sk_is_prefetched((struct sk_buff *)skb) || !sk_fullsock(sk) ||
	    !net_eq(sock_net(sk), net))
		return false;
	*uid = from_kuid_munged(&init_user_ns, sk_uid(sk));
#ifdef CONFIG_SOCK_CGROUP_DATA
	*cgroup = cgroup_id(sock_cgroup_ptr((struct sock_cgroup_data *)&sk->sk_cgrp_data));
#else
	*cgroup = 0;
#endif
	return true;
}

struct net_device *nf_helper_physindev(const struct sk_buff *skb, struct net *net)
{
	return nf_bridge_get_physindev(skb, net);
}

struct net_device *nf_helper_physoutdev(const struct sk_buff *skb)
{
	return nf_bridge_get_physoutdev(skb);
}

bool nf_helper_ethernet(const struct sk_buff *skb, u8 *header)
{
	if (!skb->dev || skb->dev->type != ARPHRD_ETHER || !skb_mac_header_was_set(skb) ||
	    skb->mac_header + ETH_HLEN > skb->network_header)
		return false;
	memcpy(header, skb_mac_header(skb), ETH_HLEN);
	return true;
}

/*
 * pskb_expand_head(), which this may call, does not take a packet that others
 * hold. A sum that the device has computed over the packet as it was is of no
 * use after the change.
 */
int nf_helper_ensure_writable(struct sk_buff *skb, u32 len)
{
	int err;

	if (skb_shared(skb))
		return -EBUSY;
	/* As it would find itself. */
	err = len <= skb_headlen(skb) && !skb_cloned(skb) ? 0 : skb_ensure_writable(skb, len);
	if (!err && skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	return err;
}

/* Where the header begins whose checksum is not complete yet, from data on; -1: in none. */
int nf_helper_checksum_start(const struct sk_buff *skb)
{
	return skb->ip_summed == CHECKSUM_PARTIAL ? skb_checksum_start_offset(skb) : -1;
}

/* Merged packets that are kept apart inside, each with a checksum of its own. */
bool nf_helper_segments_have_checksums(const struct sk_buff *skb)
{
	return skb_is_gso(skb) && skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST;
}

/* As "name [module]"; an address that has no name is nobody's business. */
void nf_helper_frame(unsigned long address, char *symbol)
{
	/* A frame's is that behind the call, perhaps that of the next function. */
	sprint_symbol_no_offset(symbol, address - 1);
	if (strstarts(symbol, "0x"))
		strscpy(symbol, "?", KSYM_SYMBOL_LEN);
}
