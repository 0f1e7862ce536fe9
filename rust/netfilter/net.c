// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding network namespaces: see net.rs. The core's list is read under RCU; a
 * namespace that is going away may still be in it, but has no count to take.
 */
#include <linux/nsproxy.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <net/net_namespace.h>

#include "nf_helpers.h"

/* NULL in a task that is exiting, or interrupted while it does. */
struct net *nf_helper_get_current_net(void)
{
	struct nsproxy *nsproxy = current->nsproxy;

	return nsproxy && in_task() ? get_net(nsproxy->net_ns) : NULL;
}

/* Puts as many as there is room for into nets, with a count of each, and gives the number of all. */
size_t nf_helper_get_nets(struct net **nets, size_t room)
{
	size_t number = 0;
	struct net *net;

	guard(rcu)();
	for_each_net_rcu(net) {
		if (number >= room)
			number++;
		else if (maybe_get_net(net))
			nets[number++] = net;
	}
	return number;
}

/* NULL where there is none. */
struct net *nf_helper_get_net_by_inode(u32 inode)
{
	struct net *net;

	guard(rcu)();
	for_each_net_rcu(net) {
		if (net->ns.inum == inode)
			return maybe_get_net(net);
	}
	return NULL;
}

bool nf_helper_get_net(struct net *net)
{
	return maybe_get_net(net);
}

void nf_helper_put_net(struct net *net)
{
	put_net(net);
}
