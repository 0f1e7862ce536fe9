// SPDX-License-Identifier: GPL-2.0-only
/*
 * The netfilter crate's C half: kernel inline functions and macros that Rust
 * cannot call, and the objects that only a C initializer can make. Linked into
 * every module that uses the crate, so its statics are the module's own.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/cgroup.h>
#include <linux/netdevice.h>
#include <linux/netfilter_bridge.h>
#include <linux/nsproxy.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/uidgid.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "nf_helpers.h"

/* Guards the table of namespaces and ops arrays in table.rs. */
static DEFINE_MUTEX(nf_table_mutex);

void nf_helper_table_lock(void)
{
	mutex_lock(&nf_table_mutex);
}

void nf_helper_table_unlock(void)
{
	mutex_unlock(&nf_table_mutex);
}

/* The namespace's hooks are off, and a grace period is over. */
static void nf_net_exit(struct net *net)
{
	nf_stolen_net_gone(net);
}

static struct pernet_operations nf_pernet_ops = {
	.init = nf_table_net_init,
	.pre_exit = nf_table_net_pre_exit,
	.exit = nf_net_exit,
};

/* Called with the RTNL held. */
static int nf_netdevice_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);

	if (event == NETDEV_UNREGISTER)
		nf_table_device_gone(dev_net(dev), dev);
	if (event == NETDEV_DOWN || event == NETDEV_UNREGISTER)
		nf_stolen_device_gone(dev);
	return NOTIFY_DONE;
}

static struct notifier_block nf_netdevice_notifier = {
	.notifier_call = nf_netdevice_event,
};

/*
 * The core calls all these with locks of its own held (pernet_ops_rwsem, the
 * RTNL), and they take the table's mutex: so they are registered before that
 * mutex is taken, under one of their own, with the first ops array of the
 * module.
 */
static DEFINE_MUTEX(nf_callbacks_mutex);
static bool nf_callbacks_registered;

int nf_helper_register_callbacks(void)
{
	int err;

	guard(mutex)(&nf_callbacks_mutex);
	if (nf_callbacks_registered)
		return 0;
	err = register_pernet_subsys(&nf_pernet_ops);
	if (err)
		return err;
	err = register_netdevice_notifier(&nf_netdevice_notifier);
	if (err)
		unregister_pernet_subsys(&nf_pernet_ops);
	else
		nf_callbacks_registered = true;
	return err;
}

/*
 * The core calls a parameter's free function when it frees the module, after
 * its exit or after a failed init, with the text still in place. Leaving the
 * core's lists there and not in Rust takes off the hooks that safe code has
 * leaked (core::mem::forget of a Registration) too: nothing can stay behind
 * that points into the module. The parameter itself cannot be set.
 */
static int nf_unload_set(const char *val, const struct kernel_param *kp)
{
	return -EINVAL;
}

static void nf_unload_free(void *arg)
{
	if (nf_callbacks_registered) {
		unregister_netdevice_notifier(&nf_netdevice_notifier);
		unregister_pernet_subsys(&nf_pernet_ops);
	}
	nf_stolen_free_all();
	nf_table_free();
}

static const struct kernel_param_ops nf_unload_ops = {
	.set = nf_unload_set,
	.free = nf_unload_free,
};
module_param_cb(_unload, &nf_unload_ops, NULL, 0);

bool nf_helper_may_sleep(void)
{
	return !in_atomic() && !irqs_disabled() && !rcu_preempt_depth();
}

/* NULL in a task that is exiting, or interrupted while it does. */
struct net *nf_helper_get_current_net(void)
{
	struct nsproxy *nsproxy = current->nsproxy;

	return nsproxy && in_task() ? get_net(nsproxy->net_ns) : NULL;
}

void nf_helper_put_net(struct net *net)
{
	put_net(net);
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

void nf_helper_gso(const struct sk_buff *skb, u16 *size, u16 *segments)
{
	*size = skb_shinfo(skb)->gso_size;
	*segments = skb_shinfo(skb)->gso_segs;
}

/* A received packet can have a socket too, found early: that one does not count. */
bool nf_helper_owner(const struct sk_buff *skb, u32 *uid, u64 *cgroup)
{
	const struct sock *sk = skb->sk;

	if (!sk || skb_sk_is_prefetched((struct sk_buff *)skb) || !sk_fullsock(sk))
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

/* pskb_expand_head(), which this may call, does not take a packet that others hold. */
int nf_helper_ensure_writable(struct sk_buff *skb, u32 len)
{
	return skb_shared(skb) ? -EBUSY : skb_ensure_writable(skb, len);
}

bool nf_helper_checksum_partial(const struct sk_buff *skb)
{
	return skb->ip_summed == CHECKSUM_PARTIAL;
}

/* A 16-bit word that no checksum in the packet covers has changed. */
void nf_helper_csum_complete(struct sk_buff *skb, u16 from, u16 to)
{
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_add(csum_sub(skb->csum, (__force __wsum)from), (__force __wsum)to);
}
