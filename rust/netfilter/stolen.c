// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that a hook has stolen: kept, sent on behind that hook, or dropped.
 *
 * What must be held for a packet that is kept, and looked at before it goes on,
 * the core knows from packets queued to user space (nf_queue.c and
 * nfnetlink_queue.c): struct nf_queue_entry. As there, packets are dropped when
 * a device of theirs goes down or away, when their namespace goes, and when the
 * hook that took them is unregistered; whoever has them then has an empty
 * handle. These are counted, and dmesg says how many.
 *
 * Sending on and dropping happen in a timer's softirq: the owner may be
 * anywhere, with any lock.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/if_bridge.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/dst.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_queue.h>
#include <net/sock.h>

#include "nf_helpers.h"

/* A packet with what is held for it. */
struct kept {
	/* First: nf_queue_entry_free() frees the whole. */
	struct nf_queue_entry entry;
	bool conntrack_pinned;
	bool nat_pinned;
};

struct nf_stolen {
	struct list_head list;
	struct rcu_head rcu;
	struct hrtimer timer;
	/* The packet; NULL once it is gone. */
	struct kept *kept;
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

/* More are not kept at a time, by all hooks of a module. */
#define MAX_STOLEN 16384

/* All of the module's, with their packets, under the lock. */
static LIST_HEAD(nf_stolen_list);
static DEFINE_SPINLOCK(nf_stolen_lock);
static unsigned int nf_stolen_count;

/* Packets that were dropped though nobody wanted that, and not told of yet. */
static atomic_t nf_stolen_lost = ATOMIC_INIT(0);

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

/*
 * Whether others have the packet's conntrack entry before it is in the table
 * (clones of br_netfilter and of multicast routing): until then it has no lock.
 */
static bool shares_unconfirmed(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	const struct nf_conn *ct = (const void *)skb_nfct(skb);

	return ct && !nf_ct_is_confirmed(ct) && refcount_read(&ct->ct_general.use) > 1;
#else
	return false;
#endif
}

/*
 * When nf_conntrack and nf_nat are unloaded they wait for, or forget, entries
 * that packets hold, and flush the packets that are queued. They do not know of
 * ours: so they stay.
 */
static void pin_conntrack(struct kept *kept)
{
	if (!skb_nfct(kept->entry.skb))
		return;
	kept->conntrack_pinned = __symbol_get("nf_ct_netns_get");
	kept->nat_pinned = __symbol_get("nf_nat_packet");
}

/* The packet itself has gone elsewhere. */
static void put(struct kept *kept)
{
	bool conntrack = kept->conntrack_pinned, nat = kept->nat_pinned;

	nf_queue_entry_free(&kept->entry);
	if (conntrack)
		__symbol_put("nf_ct_netns_get");
	if (nat)
		__symbol_put("nf_nat_packet");
}

static void discard(struct kept *kept)
{
	kfree_skb_reason(kept->entry.skb, SKB_DROP_REASON_NETFILTER_DROP);
	put(kept);
}

/* Dropped because it cannot go on. */
static void lose(struct kept *kept)
{
	discard(kept);
	atomic_inc(&nf_stolen_lost);
}

static void tell_lost(void)
{
	unsigned int lost = atomic_xchg(&nf_stolen_lost, 0);

	if (lost)
		pr_info("%s: %u packets dropped that hooks had kept and that could not go on\n",
			THIS_MODULE->name, lost);
}

/* What the packet needs for being kept, as in __nf_queue(). */
static bool hold(struct kept *kept)
{
	struct nf_queue_entry *entry = &kept->entry;
	struct sk_buff *skb = entry->skb;

	if (shares_unconfirmed(skb))
		return false;
	if (skb_sk_is_prefetched(skb) && !sk_is_refcounted(skb->sk)) {
		if (!refcount_inc_not_zero(&skb->sk->sk_refcnt))
			return false;
		skb->destructor = sock_edemux;
	}
	if (skb_dst(skb) && !skb_dst_force(skb))
		return false;
	find_physical_devices(entry);
	if (!nf_queue_entry_get_refs(entry))
		return false;
	pin_conntrack(kept);
	return true;
}

static enum hrtimer_restart fire(struct hrtimer *timer);

/*
 * Takes the packet away from the hook @hook with data @priv, which then returns
 * NF_STOLEN. NULL, and the packet is still the hook's, where there is no memory,
 * where MAX_STOLEN are kept, where the hook stands more than once in its chain,
 * and at a bridge's LOCAL_IN, whose end does not take all packets. One that
 * cannot be kept is dropped, as in nf_queue(): then the handle is empty. Under
 * rcu_read_lock().
 */
struct nf_stolen *nf_stolen_new(struct sk_buff *skb, const struct nf_hook_state *state,
				nf_hookfn *hook, void *priv)
{
	const struct nf_hook_ops *ops = find_ops(state, hook, priv);
	struct nf_stolen *stolen;
	struct kept *kept;

	if (!ops || READ_ONCE(nf_stolen_count) >= MAX_STOLEN)
		return NULL;
	if (state->pf == NFPROTO_BRIDGE && state->hook == NF_INET_LOCAL_IN)
		return NULL;
	kept = kzalloc_obj(*kept, GFP_ATOMIC);
	stolen = kzalloc_obj(*stolen, GFP_ATOMIC);
	if (!kept || !stolen) {
		kfree(kept);
		kfree(stolen);
		return NULL;
	}
	kept->entry.skb = skb;
	kept->entry.skb_dev = skb->dev;
	kept->entry.state = *state;
	if (!hold(kept)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NETFILTER_DROP);
		atomic_inc(&nf_stolen_lost);
		kfree(kept);
		kept = NULL;
	}
	stolen->net = state->net;
	stolen->ops = ops;
	hrtimer_setup(&stolen->timer, fire, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	scoped_guard(spinlock_irqsave, &nf_stolen_lock) {
		/* Once pre_exit has taken the lock, no packet of the namespace is added. */
		if (check_net(state->net)) {
			stolen->kept = kept;
			kept = NULL;
		}
		list_add_tail(&stolen->list, &nf_stolen_list);
		WRITE_ONCE(nf_stolen_count, nf_stolen_count + 1);
	}
	if (kept)
		lose(kept);
	return stolen;
}

/* Under the lock. */
static void forget(struct nf_stolen *stolen)
{
	list_del(&stolen->list);
	WRITE_ONCE(nf_stolen_count, nf_stolen_count - 1);
	kfree_rcu(stolen, rcu);
}

/*
 * To be sent on (@resume) or dropped in @ns nanoseconds. Any context but NMI.
 */
void nf_stolen_schedule(struct nf_stolen *stolen, bool resume, u64 ns)
{
	scoped_guard(spinlock_irqsave, &nf_stolen_lock) {
		if (!stolen->kept) {
			forget(stolen);
			return;
		}
		stolen->resume = resume;
		stolen->scheduled = true;
		hrtimer_start(&stolen->timer, min_t(u64, ns, KTIME_MAX), HRTIMER_MODE_REL_SOFT);
	}
}

static bool bridge_port(const struct net_device *dev)
{
	return !dev || netif_is_bridge_port(dev);
}

/* A port may have left its bridge meanwhile: as in nfqnl_reinject(). */
static bool ports_valid(const struct nf_queue_entry *entry)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	if (!bridge_port(entry->physin) || !bridge_port(entry->physout))
		return false;
#endif
	return entry->state.pf != NFPROTO_BRIDGE ||
	       (bridge_port(entry->state.in) && bridge_port(entry->state.out));
}

/* Connection tracking's say before a packet goes on; false: it has taken the packet. */
static bool update_conntrack(const struct nf_queue_entry *entry, bool *drop)
{
	const struct nf_ct_hook *ct_hook = rcu_dereference(nf_ct_hook);
	unsigned int verdict = NF_ACCEPT;

	if (ct_hook)
		verdict = ct_hook->update(entry->state.net, entry->skb) & NF_VERDICT_MASK;
	*drop |= verdict == NF_DROP || shares_unconfirmed(entry->skb);
	return verdict != NF_STOLEN;
}

/* On to the hooks behind @ops, and to where the core would have gone then. */
static void resume(struct kept *kept, const struct nf_hook_ops *ops)
{
	struct nf_hook_state *state = &kept->entry.state;
	const struct nf_hook_entries *entries;
	unsigned int i;
	bool drop;

	rcu_read_lock();
	entries = chain(state);
	for (i = 0; entries && i < entries->num_hook_entries; i++)
		if (READ_ONCE(nf_hook_entries_get_hook_ops(entries)[i]) == ops)
			break;
	/* With the hook gone it is not known which others have seen the packet. */
	drop = !entries || i == entries->num_hook_entries || !ports_valid(&kept->entry);
	if (!drop && !update_conntrack(&kept->entry, &drop)) {
		put(kept);
	} else if (drop) {
		lose(kept);
	} else {
		if (nf_hook_slow(kept->entry.skb, state, entries, i + 1) == 1)
			state->okfn(state->net, state->sk, kept->entry.skb);
		put(kept);
	}
	rcu_read_unlock();
}

/* The timer's function: softirq. */
static enum hrtimer_restart fire(struct hrtimer *timer)
{
	struct nf_stolen *stolen = container_of(timer, struct nf_stolen, timer);
	struct kept *kept;

	scoped_guard(spinlock_irqsave, &nf_stolen_lock) {
		kept = stolen->kept;
		stolen->kept = NULL;
		stolen->running = true;
	}
	if (kept && stolen->resume)
		resume(kept, stolen->ops);
	else if (kept)
		discard(kept);
	scoped_guard(spinlock_irqsave, &nf_stolen_lock)
		forget(stolen);
	return HRTIMER_NORESTART;
}

/* Which packets are to go. */
struct gone {
	const struct module *module;
	const struct net *net;
	const struct net_device *dev;
	const struct nf_hook_ops *ops;
	unsigned int count;
};

static bool is_from(const struct nf_stolen *stolen, const struct gone *gone)
{
	return stolen->net == gone->net ||
	       (stolen->ops >= gone->ops && stolen->ops < gone->ops + gone->count);
}

static bool is_gone(const struct nf_stolen *stolen, const struct gone *gone)
{
	const struct nf_queue_entry *entry = &stolen->kept->entry;
	const struct net_device *dev = gone->dev;

	if (is_from(stolen, gone))
		return true;
	if (gone->module && within_module((unsigned long)entry->state.okfn, gone->module))
		return true;
	if (!dev)
		return false;
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	if (entry->physin == dev || entry->physout == dev || entry->bridge_dev == dev)
		return true;
#endif
	return entry->skb_dev == dev || entry->state.in == dev || entry->state.out == dev;
}

/* Drops packets; their handles stay, empty. */
static void purge(const struct gone *gone)
{
	struct nf_queue_entry *entry, *next;
	struct nf_stolen *stolen;
	LIST_HEAD(entries);

	scoped_guard(spinlock_irqsave, &nf_stolen_lock) {
		list_for_each_entry(stolen, &nf_stolen_list, list) {
			if (stolen->kept && is_gone(stolen, gone)) {
				list_add_tail(&stolen->kept->entry.list, &entries);
				stolen->kept = NULL;
			}
		}
	}
	list_for_each_entry_safe(entry, next, &entries, list)
		lose(container_of(entry, struct kept, entry));
	tell_lost();
}

/* @dev goes down or away. */
void nf_stolen_device_gone(const struct net_device *dev)
{
	purge(&(struct gone) { .dev = dev });
}

/* @net is going: none of its packets is kept from now on. */
void nf_stolen_net_gone(const struct net *net)
{
	purge(&(struct gone) { .net = net });
}

/* Until no timer's function has a packet from there, or with NULL any. May sleep. */
static void wait_for(const struct gone *gone)
{
	struct nf_stolen *stolen;
	bool busy;

	do {
		busy = false;
		scoped_guard(spinlock_irqsave, &nf_stolen_lock)
			list_for_each_entry(stolen, &nf_stolen_list, list)
				busy |= stolen->running && (!gone || is_from(stolen, gone));
		if (busy)
			usleep_range(100, 1000);
	} while (busy);
}

/* Until no timer's function has a packet of @net. May sleep. */
void nf_stolen_wait(const struct net *net)
{
	wait_for(&(struct gone) { .net = net });
}

/* @module has taken its hooks off; its text goes after this. May sleep. */
void nf_stolen_module_gone(const struct module *module)
{
	purge(&(struct gone) { .module = module });
	wait_for(NULL);
}

/* None of these hooks runs any more; their memory may be others' soon. May sleep. */
void nf_stolen_ops_gone(const struct nf_hook_ops *ops, unsigned int count)
{
	struct gone gone = { .ops = ops, .count = count };

	purge(&gone);
	wait_for(&gone);
}

/*
 * No hook of the module runs any more: drops all packets, and leaves no timer
 * and no function of one running. Handles that still have an owner stay, or go
 * with @owned. May sleep.
 */
void nf_stolen_drain(bool owned)
{
	struct nf_stolen *stolen, *next;
	bool busy;

	do {
		LIST_HEAD(entries);
		struct nf_queue_entry *entry, *next_entry;

		busy = false;
		scoped_guard(spinlock_irqsave, &nf_stolen_lock) {
			list_for_each_entry_safe(stolen, next, &nf_stolen_list, list) {
				if (stolen->kept)
					list_add_tail(&stolen->kept->entry.list, &entries);
				stolen->kept = NULL;
				/* Its function has begun, or never begins. */
				if (stolen->scheduled && hrtimer_try_to_cancel(&stolen->timer) != 1)
					busy = true;
				else if (stolen->scheduled || owned)
					forget(stolen);
			}
		}
		list_for_each_entry_safe(entry, next_entry, &entries, list)
			lose(container_of(entry, struct kept, entry));
		if (busy)
			usleep_range(100, 1000);
	} while (busy);
	tell_lost();
	/* The last function may still be on its way out of our text: it is a softirq's. */
	synchronize_rcu();
}
