// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that a hook has stolen: kept, sent on behind that hook, or dropped.
 *
 * What must be held for a packet that is kept, the core knows from packets
 * queued to user space: struct nf_queue_entry. As there, packets leave when a
 * device of theirs goes down, when their namespace goes, and when the hook that
 * took them is unregistered; whoever has them then has an empty handle.
 *
 * Sending on and dropping always happen in a timer's softirq: the owner may be
 * anywhere, with any lock.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/dst.h>
#include <net/netfilter/nf_queue.h>
#include <net/sock.h>

#include "nf_helpers.h"

struct nf_stolen {
	struct list_head list;
	struct rcu_head rcu;
	struct hrtimer timer;
	/* The packet; NULL once it is gone. */
	struct nf_queue_entry *entry;
	struct net *net;
	/* The hook that took it; only compared. */
	const struct nf_hook_ops *ops;
	/* No longer the owner's: the timer's. */
	bool scheduled;
	/* The timer's function has the packet. */
	bool running;
	/* Send it on, or drop it. */
	bool resume;
};

/* All of the module's, with their packets, under the lock. */
static LIST_HEAD(nf_stolen_list);
static DEFINE_SPINLOCK(nf_stolen_lock);

static struct nf_hook_entries *chain(const struct nf_hook_state *state)
{
	switch (state->pf) {
	case NFPROTO_IPV4:
		return rcu_dereference(state->net->nf.hooks_ipv4[state->hook]);
	case NFPROTO_IPV6:
		return rcu_dereference(state->net->nf.hooks_ipv6[state->hook]);
#ifdef CONFIG_NETFILTER_FAMILY_BRIDGE
	case NFPROTO_BRIDGE:
		return rcu_dereference(state->net->nf.hooks_bridge[state->hook]);
#endif
	default:
		return NULL;
	}
}

/*
 * The hook that is being called, as its ops: the one in the chain with this
 * function and data. NULL where several are, which the core does not tell apart.
 */
static const struct nf_hook_ops *find_ops(const struct nf_hook_state *state,
					  nf_hookfn *hook, void *priv)
{
	const struct nf_hook_entries *entries = chain(state);
	const struct nf_hook_ops *found = NULL;
	unsigned int i;

	for (i = 0; entries && i < entries->num_hook_entries; i++) {
		if (READ_ONCE(entries->hooks[i].hook) != hook || entries->hooks[i].priv != priv)
			continue;
		if (found)
			return NULL;
		found = READ_ONCE(nf_hook_entries_get_hook_ops(entries)[i]);
	}
	return found;
}

static void find_physical_devices(struct nf_queue_entry *entry)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	struct sk_buff *skb = entry->skb;
	struct dst_entry *dst = skb_dst(skb);

	if (nf_bridge_info_exists(skb)) {
		entry->physin = nf_bridge_get_physindev(skb, entry->state.net);
		entry->physout = nf_bridge_get_physoutdev(skb);
	}
	if (entry->state.pf == NFPROTO_BRIDGE && dst && (dst->flags & DST_FAKE_RTABLE))
		entry->bridge_dev = dst_dev_rcu(dst);
#endif
}

/* What the packet needs for being kept, as in __nf_queue(). */
static bool hold(struct nf_queue_entry *entry)
{
	struct sk_buff *skb = entry->skb;

	if (skb_sk_is_prefetched(skb) && !sk_is_refcounted(skb->sk)) {
		if (!refcount_inc_not_zero(&skb->sk->sk_refcnt))
			return false;
		skb->destructor = sock_edemux;
	}
	if (skb_dst(skb) && !skb_dst_force(skb))
		return false;
	find_physical_devices(entry);
	return nf_queue_entry_get_refs(entry);
}

static enum hrtimer_restart fire(struct hrtimer *timer);

/*
 * Takes the packet away from the hook @hook with data @priv, which then returns
 * NF_STOLEN. NULL: there was no memory, or the hook stands more than once in
 * its chain; the packet is still the hook's. A packet that cannot be kept is
 * dropped, as it is in nf_queue(): then the handle is empty. Under
 * rcu_read_lock().
 */
struct nf_stolen *nf_stolen_new(struct sk_buff *skb, const struct nf_hook_state *state,
				nf_hookfn *hook, void *priv)
{
	const struct nf_hook_ops *ops = find_ops(state, hook, priv);
	struct nf_queue_entry *entry;
	struct nf_stolen *stolen;

	if (!ops)
		return NULL;
	entry = kzalloc(sizeof(*entry), GFP_ATOMIC);
	stolen = kzalloc(sizeof(*stolen), GFP_ATOMIC);
	if (!entry || !stolen) {
		kfree(entry);
		kfree(stolen);
		return NULL;
	}
	entry->skb = skb;
	entry->skb_dev = skb->dev;
	entry->state = *state;
	if (!hold(entry)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NETFILTER_DROP);
		kfree(entry);
		entry = NULL;
	}
	stolen->entry = entry;
	stolen->net = state->net;
	stolen->ops = ops;
	hrtimer_setup(&stolen->timer, fire, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	scoped_guard(spinlock_irqsave, &nf_stolen_lock)
		list_add_tail(&stolen->list, &nf_stolen_list);
	return stolen;
}

/* To be sent on (@resume) or dropped in @ns nanoseconds. Any context. */
void nf_stolen_schedule(struct nf_stolen *stolen, bool resume, u64 ns)
{
	scoped_guard(spinlock_irqsave, &nf_stolen_lock) {
		stolen->resume = resume;
		stolen->scheduled = true;
		hrtimer_start(&stolen->timer, ns_to_ktime(ns), HRTIMER_MODE_REL_SOFT);
	}
}

static void discard(struct nf_queue_entry *entry)
{
	kfree_skb_reason(entry->skb, SKB_DROP_REASON_NETFILTER_DROP);
	nf_queue_entry_free(entry);
}

/* On to the hooks behind @ops, and to where the core would have gone then. */
static void resume(struct nf_queue_entry *entry, const struct nf_hook_ops *ops)
{
	struct nf_hook_state *state = &entry->state;
	const struct nf_hook_entries *entries;
	unsigned int i;

	rcu_read_lock();
	entries = chain(state);
	for (i = 0; entries && i < entries->num_hook_entries; i++)
		if (READ_ONCE(nf_hook_entries_get_hook_ops(entries)[i]) == ops)
			break;
	if (!entries || i == entries->num_hook_entries) {
		/* Which hooks have seen it is no longer known. */
		discard(entry);
	} else {
		if (nf_hook_slow(entry->skb, state, entries, i + 1) == 1)
			state->okfn(state->net, state->sk, entry->skb);
		nf_queue_entry_free(entry);
	}
	rcu_read_unlock();
}

/* The timer's function: softirq. */
static enum hrtimer_restart fire(struct hrtimer *timer)
{
	struct nf_stolen *stolen = container_of(timer, struct nf_stolen, timer);
	struct nf_queue_entry *entry;

	scoped_guard(spinlock_irqsave, &nf_stolen_lock) {
		entry = stolen->entry;
		stolen->entry = NULL;
		stolen->running = true;
	}
	if (entry && stolen->resume)
		resume(entry, stolen->ops);
	else if (entry)
		discard(entry);
	scoped_guard(spinlock_irqsave, &nf_stolen_lock)
		list_del(&stolen->list);
	kfree_rcu(stolen, rcu);
	return HRTIMER_NORESTART;
}

static bool uses_device(const struct nf_queue_entry *entry, const struct net_device *dev)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	if (entry->physin == dev || entry->physout == dev || entry->bridge_dev == dev)
		return true;
#endif
	return entry->skb_dev == dev || entry->state.in == dev || entry->state.out == dev;
}

/* Drops the packets for which @gone says so; their handles stay, empty. */
static void purge(bool (*gone)(const struct nf_stolen *stolen, const void *what), const void *what)
{
	struct nf_queue_entry *entry;
	struct nf_stolen *stolen;

	do {
		entry = NULL;
		scoped_guard(spinlock_irqsave, &nf_stolen_lock) {
			list_for_each_entry(stolen, &nf_stolen_list, list) {
				if (stolen->entry && gone(stolen, what)) {
					entry = stolen->entry;
					stolen->entry = NULL;
					break;
				}
			}
		}
		if (entry)
			discard(entry);
	} while (entry);
}

static bool of_device(const struct nf_stolen *stolen, const void *dev)
{
	return uses_device(stolen->entry, dev);
}

static bool of_net(const struct nf_stolen *stolen, const void *net)
{
	return stolen->net == net;
}

static bool of_ops(const struct nf_stolen *stolen, const void *ops)
{
	return stolen->ops == ops;
}

/* @dev goes down or away. */
void nf_stolen_device_gone(const struct net_device *dev)
{
	purge(of_device, dev);
}

/* No hook of @net runs any more, and none of its packets after this. May sleep. */
void nf_stolen_net_gone(const struct net *net)
{
	struct nf_stolen *stolen;
	bool busy;

	purge(of_net, net);
	do {
		busy = false;
		scoped_guard(spinlock_irqsave, &nf_stolen_lock)
			list_for_each_entry(stolen, &nf_stolen_list, list)
				busy |= stolen->running && stolen->net == net;
		if (busy)
			usleep_range(100, 1000);
	} while (busy);
}

/* None of these hooks runs any more; their memory may be others' soon. */
void nf_stolen_ops_gone(const struct nf_hook_ops *ops, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		purge(of_ops, &ops[i]);
}

/* The module is being freed, and no hook of it runs any more. May sleep. */
void nf_stolen_free_all(void)
{
	struct nf_stolen *stolen;

	for (;;) {
		struct nf_queue_entry *entry = NULL;

		spin_lock_irq(&nf_stolen_lock);
		stolen = list_first_entry_or_null(&nf_stolen_list, struct nf_stolen, list);
		if (!stolen) {
			spin_unlock_irq(&nf_stolen_lock);
			break;
		}
		/* Either its function has begun and takes it off the list, or never begins. */
		if (stolen->scheduled && hrtimer_try_to_cancel(&stolen->timer) != 1) {
			spin_unlock_irq(&nf_stolen_lock);
			usleep_range(100, 1000);
			continue;
		}
		entry = stolen->entry;
		list_del(&stolen->list);
		spin_unlock_irq(&nf_stolen_lock);
		if (entry)
			discard(entry);
		kfree_rcu(stolen, rcu);
	}
	/* The last function may still be on its way out of our text: it is a softirq's. */
	synchronize_rcu();
}
