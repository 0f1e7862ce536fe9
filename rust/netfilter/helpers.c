// SPDX-License-Identifier: GPL-2.0-only
/*
 * The netfilter crate's C half: kernel inline functions and macros that Rust
 * cannot call, and the objects that only a C initializer can make. Linked into
 * every module that uses the crate, so its statics are the module's own.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <net/net_namespace.h>

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

/*
 * The core calls these with pernet_ops_rwsem held, and they take the table's
 * mutex; so the operations are registered before that mutex is taken, under
 * one of their own, with the first ops array of the module.
 */
static struct pernet_operations nf_pernet_ops = {
	.init = nf_table_net_init,
	.pre_exit = nf_table_net_pre_exit,
};
static DEFINE_MUTEX(nf_pernet_mutex);
static bool nf_pernet_registered;

int nf_helper_pernet_register(void)
{
	int err = 0;

	mutex_lock(&nf_pernet_mutex);
	if (!nf_pernet_registered) {
		err = register_pernet_subsys(&nf_pernet_ops);
		nf_pernet_registered = !err;
	}
	mutex_unlock(&nf_pernet_mutex);
	return err;
}

/*
 * The core calls a parameter's free function when it frees the module, after
 * its exit or after a failed init, with the text still in place. Leaving the
 * pernet list there and not in Rust takes off the hooks that safe code has
 * leaked (core::mem::forget of a Registration) too: nothing can stay behind
 * that points into the module. The parameter itself cannot be set.
 */
static int nf_unload_set(const char *val, const struct kernel_param *kp)
{
	return -EINVAL;
}

static void nf_unload_free(void *arg)
{
	if (nf_pernet_registered)
		unregister_pernet_subsys(&nf_pernet_ops);
	nf_pernet_registered = false;
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
