// SPDX-License-Identifier: GPL-2.0-only
/*
 * Turning connection tracking on: see tracking.rs.
 *
 * nf_conntrack's functions are looked up when they are first asked for, and the
 * module is held from then on. So a module that does not ask does not depend on
 * nf_conntrack, although this file is linked into it; and what a module has left
 * turned on by the time that it is freed, when its link-time dependencies are no
 * longer held, can still be turned off.
 */
#include <linux/kmod.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netns/generic.h>

#include "nf_helpers.h"

/* One user of tracking, in one namespace or, with NULL, in all. */
struct nf_tracking {
	struct list_head list;
	bool all;
	struct net *net; /* NULL once it is gone */
};

/* A namespace that is alive. */
struct nf_tracking_net {
	struct list_head list;
	struct net *net;
};

static DEFINE_MUTEX(nf_tracking_mutex);
static LIST_HEAD(nf_tracking_users);
static LIST_HEAD(nf_tracking_nets);
static unsigned int nf_tracking_id;

static typeof(&nf_ct_netns_get) nf_tracking_get;
static typeof(&nf_ct_netns_put) nf_tracking_put;

static bool nf_tracking_wanted(const struct nf_tracking *user, const struct net *net)
{
	return user->all || user->net == net;
}

static int nf_tracking_net_init(struct net *net)
{
	struct nf_tracking_net *alive = net_generic(net, nf_tracking_id);
	struct nf_tracking *user;
	int err = 0;

	mutex_lock(&nf_tracking_mutex);
	list_for_each_entry(user, &nf_tracking_users, list) {
		if (!user->all)
			continue;
		err = nf_tracking_get(net, NFPROTO_INET);
		if (err)
			break;
	}
	if (err) {
		list_for_each_entry_continue_reverse(user, &nf_tracking_users, list) {
			if (user->all)
				nf_tracking_put(net, NFPROTO_INET);
		}
	} else {
		alive->net = net;
		list_add_tail(&alive->list, &nf_tracking_nets);
	}
	mutex_unlock(&nf_tracking_mutex);
	return err;
}

/* A namespace whose init has failed has no data, and is tracked by nobody. */
static void nf_tracking_net_pre_exit(struct net *net)
{
	struct nf_tracking_net *alive = net_generic(net, nf_tracking_id);
	struct nf_tracking *user;

	if (!alive)
		return;
	mutex_lock(&nf_tracking_mutex);
	list_del(&alive->list);
	list_for_each_entry(user, &nf_tracking_users, list) {
		if (nf_tracking_wanted(user, net))
			nf_tracking_put(net, NFPROTO_INET);
		if (user->net == net)
			user->net = NULL;
	}
	mutex_unlock(&nf_tracking_mutex);
}

/*
 * Registered when nf_conntrack is held: so nf_conntrack's own come before these
 * when a namespace is made, and after these when it goes.
 */
static struct pernet_operations nf_tracking_ops = {
	.init = nf_tracking_net_init,
	.pre_exit = nf_tracking_net_pre_exit,
	.id = &nf_tracking_id,
	.size = sizeof(struct nf_tracking_net),
};
static DEFINE_MUTEX(nf_tracking_open_mutex);
static bool nf_tracking_opened;

static int nf_tracking_open(void)
{
	int err = 0;

	nf_expect_unload();
	mutex_lock(&nf_tracking_open_mutex);
	if (nf_helper_closing())
		err = -ESHUTDOWN;
	if (err || nf_tracking_opened)
		goto out;
	request_module("nf_conntrack");
	nf_tracking_get = symbol_get(nf_ct_netns_get);
	nf_tracking_put = symbol_get(nf_ct_netns_put);
	err = nf_tracking_get && nf_tracking_put ? register_pernet_subsys(&nf_tracking_ops) : -EOPNOTSUPP;
	nf_tracking_opened = !err;
	if (err) {
		if (nf_tracking_get)
			symbol_put(nf_ct_netns_get);
		if (nf_tracking_put)
			symbol_put(nf_ct_netns_put);
	}
out:
	mutex_unlock(&nf_tracking_open_mutex);
	return err;
}

static void nf_tracking_remove(struct nf_tracking *user)
{
	struct nf_tracking_net *alive;

	list_for_each_entry(alive, &nf_tracking_nets, list) {
		if (nf_tracking_wanted(user, alive->net))
			nf_tracking_put(alive->net, NFPROTO_INET);
	}
	list_del(&user->list);
	kfree(user);
}

/* All namespaces or, with an error, none. */
static int nf_tracking_add(struct nf_tracking *user)
{
	struct nf_tracking_net *alive;
	int err = user->all ? 0 : -ENOENT;

	list_for_each_entry(alive, &nf_tracking_nets, list) {
		if (!nf_tracking_wanted(user, alive->net))
			continue;
		err = nf_tracking_get(alive->net, NFPROTO_INET);
		if (err)
			break;
	}
	if (err && !list_entry_is_head(alive, &nf_tracking_nets, list)) {
		list_for_each_entry_continue_reverse(alive, &nf_tracking_nets, list) {
			if (nf_tracking_wanted(user, alive->net))
				nf_tracking_put(alive->net, NFPROTO_INET);
		}
	}
	if (!err)
		list_add_tail(&user->list, &nf_tracking_users);
	return err;
}

/* net: NULL for all, present and future. May sleep. */
int nf_helper_track(struct net *net, struct nf_tracking **tracking)
{
	struct nf_tracking *user;
	int err = nf_tracking_open();

	if (err)
		return err;
	user = kzalloc_obj(*user, GFP_KERNEL);
	if (!user)
		return -ENOMEM;
	user->all = !net;
	user->net = net;
	mutex_lock(&nf_tracking_mutex);
	err = nf_tracking_add(user);
	mutex_unlock(&nf_tracking_mutex);
	if (err)
		kfree(user);
	else
		*tracking = user;
	return err;
}

/* May sleep. */
void nf_helper_untrack(struct nf_tracking *tracking)
{
	mutex_lock(&nf_tracking_mutex);
	nf_tracking_remove(tracking);
	mutex_unlock(&nf_tracking_mutex);
}

/* The module is being freed: what safe code has leaked goes too. */
void nf_tracking_free(void)
{
	struct nf_tracking *user, *next;

	if (!nf_tracking_opened)
		return;
	mutex_lock(&nf_tracking_mutex);
	list_for_each_entry_safe(user, next, &nf_tracking_users, list)
		nf_tracking_remove(user);
	mutex_unlock(&nf_tracking_mutex);
	unregister_pernet_subsys(&nf_tracking_ops);
	symbol_put(nf_ct_netns_get);
	symbol_put(nf_ct_netns_put);
	nf_tracking_opened = false;
}
