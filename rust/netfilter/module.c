// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's life: the namespaces, devices and modules that come and go while
 * it has hooks, what it does later, and its end. Linked into every module that
 * uses the crate, so the statics of this and the other files are its own.
 */
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/rculist.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include "nf_helpers.h"

/* The module is being freed: nothing new begins, as it would not end. */
static bool nf_closing;

/* For who looks with the lock held under which it would be put where it ends. */
bool nf_helper_closing(void)
{
	return READ_ONCE(nf_closing);
}

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

/* Until nobody is busy with what this belongs to; it is changed with the mutex held. */
void nf_helper_table_wait(unsigned int *busy)
{
	guard(mutex)(&nf_table_mutex);
	wait_var_event_mutex(busy, !*busy, &nf_table_mutex);
}

void nf_helper_table_wake(unsigned int *busy)
{
	wake_up_var_locked(busy, &nf_table_mutex);
}

/*
 * Calls of safe code, which may do anything: such a call, where the core may
 * hold pernet_ops_rwsem, must not come to wait for that.
 */
struct nf_call {
	struct list_head list;
	const struct task_struct *task;
};

static LIST_HEAD(nf_calls);
static DEFINE_SPINLOCK(nf_calls_lock);

static void nf_call_begin(struct nf_call *call)
{
	call->task = current;
	guard(spinlock)(&nf_calls_lock);
	list_add(&call->list, &nf_calls);
}

static void nf_call_end(struct nf_call *call)
{
	guard(spinlock)(&nf_calls_lock);
	list_del(&call->list);
}

/* Whether the task, which may sleep, is in such a call. */
bool nf_helper_in_call(void)
{
	const struct nf_call *call;

	guard(spinlock)(&nf_calls_lock);
	list_for_each_entry(call, &nf_calls, list)
		if (call->task == current)
			return true;
	return false;
}

int nf_helper_make(struct nf_maker *maker, struct net *net, struct nf_member **member)
{
	struct nf_call call;
	int err;

	nf_call_begin(&call);
	err = nf_member_make(maker, net, member);
	nf_call_end(&call);
	return err;
}

/* The list of what has been made for namespaces: changed with the mutex held, read under RCU. */
void nf_helper_member_show(struct hlist_node *member, struct hlist_head *list)
{
	hlist_add_head_rcu(member, list);
}

void nf_helper_member_hide(struct hlist_node *member)
{
	hlist_del_rcu(member);
}

/* The one behind @member, or the first; NULL at the end. Under rcu_read_lock(). */
const struct hlist_node *nf_helper_member_next(const struct hlist_head *list,
					       const struct hlist_node *member)
{
	return member ? rcu_dereference(hlist_next_rcu(member)) :
			rcu_dereference(hlist_first_rcu(list));
}

static int nf_net_init(struct net *net)
{
	struct nf_call call;
	int err;

	nf_call_begin(&call);
	err = nf_table_net_init(net);
	nf_call_end(&call);
	return err;
}

/* The namespace goes, or our callbacks are taken off. */
static void nf_net_pre_exit(struct net *net)
{
	nf_table_net_pre_exit(net);
	nf_stolen_net_gone(net);
}

/* The module is being freed: what safe code has leaked is not dropped. */
static bool nf_unloading;

/* Its hooks are off, and a grace period is over. */
static void nf_net_exit(struct net *net)
{
	struct nf_call call;

	nf_stolen_wait(net);
	if (nf_unloading)
		return;
	nf_call_begin(&call);
	nf_table_net_exit(net);
	nf_call_end(&call);
}

static struct pernet_operations nf_pernet_ops = {
	.init = nf_net_init,
	.pre_exit = nf_net_pre_exit,
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
 * mutex is taken, and with no other lock held, under a mutex of their own. They
 * are there while the module has ops arrays.
 */
static DEFINE_MUTEX(nf_callbacks_mutex);
static unsigned int nf_callbacks_users;

int nf_helper_get_callbacks(void)
{
	int err;

	nf_expect_unload();
	guard(mutex)(&nf_callbacks_mutex);
	if (nf_helper_closing())
		return -ESHUTDOWN;
	if (!nf_callbacks_users) {
		err = register_pernet_subsys(&nf_pernet_ops);
		if (err)
			return err;
		err = register_netdevice_notifier(&nf_netdevice_notifier);
		if (err) {
			unregister_pernet_subsys(&nf_pernet_ops);
			return err;
		}
	}
	nf_callbacks_users++;
	return 0;
}

/* Namespaces before devices: one that goes waits for packets to leave its devices. */
static void nf_unregister_callbacks(void)
{
	unregister_pernet_subsys(&nf_pernet_ops);
	unregister_netdevice_notifier(&nf_netdevice_notifier);
}

void nf_helper_put_callbacks(void)
{
	guard(mutex)(&nf_callbacks_mutex);
	if (--nf_callbacks_users || nf_unloading)
		return;
	nf_unregister_callbacks();
	nf_stolen_drain(false);
}

/* Registrations that were dropped where one may not sleep. */
static LLIST_HEAD(nf_deferred_list);

static void nf_deferred_function(struct work_struct *work)
{
	nf_registration_finish(llist_del_all(&nf_deferred_list));
}

static DECLARE_WORK(nf_deferred_work, nf_deferred_function);

void nf_helper_defer(struct llist_node *node)
{
	llist_add(node, &nf_deferred_list);
	schedule_work(&nf_deferred_work);
}

/*
 * What safe code has leaked (core::mem::forget) is not ended in the module's
 * exit, nor after a failed init. This is called when both are over, before
 * anything is taken from the module: what it depends on is still held, and the
 * kernel still knows its text, data and locks.
 */
static void nf_unload(void)
{
	WRITE_ONCE(nf_closing, true);
	nf_worker_stop();
	disable_work_sync(&nf_deferred_work);
	scoped_guard(mutex, &nf_callbacks_mutex)
		nf_unloading = nf_callbacks_users;
	if (nf_unloading)
		nf_unregister_callbacks();
	nf_free_stop();
	nf_hook_probe_stop();
	/* Now nobody calls safe code but this; what it drops may leave more. */
	while (!llist_empty(&nf_deferred_list))
		nf_deferred_function(&nf_deferred_work);
	nf_stolen_drain(true);
	nf_table_free();
	nf_tracking_free();
	nf_free_unload();
	nf_hook_probe_unload();
	nf_watch_unload();
	nf_worker_unload();
}

/* Where the core would go on with a stolen packet may be in a module that goes (br_netfilter). */
static int nf_module_event(struct notifier_block *nb, unsigned long event, void *module)
{
	if (event != MODULE_STATE_GOING)
		return NOTIFY_DONE;
	if (module == THIS_MODULE)
		nf_unload();
	else
		nf_stolen_module_gone(module);
	return NOTIFY_DONE;
}

static struct notifier_block nf_module_notifier = {
	.notifier_call = nf_module_event,
	.priority = INT_MAX,
};

static DEFINE_MUTEX(nf_expecting_mutex);
static bool nf_expecting;

/*
 * To be called, with no lock held, before anything begins that nf_unload() would have to end. Where something has begun
 * it may be called by that, and nf_unload() waits for that with the notifiers' lock held, which is taken here: only the
 * first call, which nothing can come before, takes it.
 */
void nf_expect_unload(void)
{
	if (smp_load_acquire(&nf_expecting)) /* pairs with the release below */
		return;
	guard(mutex)(&nf_expecting_mutex);
	if (nf_expecting)
		return;
	register_module_notifier(&nf_module_notifier); /* cannot fail */
	smp_store_release(&nf_expecting, true); /* it is registered */
}

/*
 * A notifier cannot take itself off: the core calls a parameter's free function
 * when it frees the module, with the text still in place. The parameter itself
 * cannot be set.
 */
static int nf_unexpect_set(const char *val, const struct kernel_param *kp)
{
	return -EINVAL;
}

static void nf_unexpect_unload(void *arg)
{
	if (nf_expecting)
		unregister_module_notifier(&nf_module_notifier);
}

static const struct kernel_param_ops nf_unexpect_ops = {
	.set = nf_unexpect_set,
	.free = nf_unexpect_unload,
};
module_param_cb(_unload, &nf_unexpect_ops, NULL, 0);
