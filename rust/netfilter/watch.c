// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which array of hooks is at a point: see watch.rs.
 *
 * An array's address alone does not tell: it is freed when it is replaced, and
 * the next may get its place. So frees are counted, by a probe on the core's
 * RCU callback, which comes before the memory can be used again.
 */
#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/kprobes.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/ptrace.h>
#include <net/net_namespace.h>

#include "nf_helpers.h"

#define NF_FREED_BITS 8

/* By where the array was. */
static atomic_t nf_arrays_freed[1 << NF_FREED_BITS];

static atomic_t *nf_freed(const void *array)
{
	return &nf_arrays_freed[hash_ptr(array, NF_FREED_BITS)];
}

static int nf_array_freed(struct kprobe *probe, struct pt_regs *regs)
{
	struct rcu_head *rcu = (struct rcu_head *)regs_get_kernel_argument(regs, 0);

	atomic_inc(nf_freed(container_of(rcu, struct nf_hook_entries_rcu_head, head)->allocation));
	return 0;
}

static struct kprobe nf_array_probe;
static DEFINE_MUTEX(nf_watch_mutex);
static unsigned int nf_watch_users;
/* Of probes: what is freed between two of them nobody counts. */
static u32 nf_watch_probes;

int nf_helper_watch_get(void)
{
	int err;

	nf_expect_unload();
	guard(mutex)(&nf_watch_mutex);
	if (nf_helper_closing())
		return -ESHUTDOWN;
	if (!nf_watch_users) {
		nf_array_probe = (struct kprobe) {
			.symbol_name = "__nf_hook_entries_free",
			.pre_handler = nf_array_freed,
		};
		err = register_kprobe(&nf_array_probe);
		if (err)
			return err;
		WRITE_ONCE(nf_watch_probes, nf_watch_probes + 1);
	}
	nf_watch_users++;
	return 0;
}

void nf_helper_watch_put(void)
{
	guard(mutex)(&nf_watch_mutex);
	if (!--nf_watch_users)
		unregister_kprobe(&nf_array_probe);
}

/* The module is being freed: what safe code has leaked goes too. */
void nf_watch_unload(void)
{
	if (nf_watch_users)
		unregister_kprobe(&nf_array_probe);
}

/*
 * The array, of IPv4 or IPv6, and the frees so far, in this order; a free that
 * the probe has missed counts for all. Under rcu_read_lock().
 */
const void *nf_helper_watch_chain(const struct net *net, u8 pf, unsigned int hooknum, u64 *freed)
{
	struct nf_hook_entries __rcu *const *chains =
		pf == NFPROTO_IPV4 ? net->nf.hooks_ipv4 : net->nf.hooks_ipv6;
	const struct nf_hook_entries *chain = rcu_dereference(chains[hooknum]);

	/* With rcu_assign_pointer() in the core: an array in the place of a freed one comes with its count. */
	smp_rmb();
	*freed = (u64)READ_ONCE(nf_watch_probes) << 32 |
		 (u32)(atomic_read(nf_freed(chain)) + READ_ONCE(nf_array_probe.nmissed));
	return chain;
}
