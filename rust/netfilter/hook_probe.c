// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes on the functions that hooks call: see hook_probe.rs.
 */
#include <linux/fprobe.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "nf_helpers.h"

struct nf_hook_probe {
	struct list_head list;
	struct fprobe fprobe;
	nf_hook_called_fn *called;
	nf_hook_returned_fn *returned;
	void *data;
	unsigned long function;
};

static DEFINE_MUTEX(nf_hook_probe_mutex);
static LIST_HEAD(nf_hook_probes);

/* What this gives is no error: whether there is nothing to do at the end. */
static int nf_hook_probe_entry(struct fprobe *fprobe, unsigned long ip, unsigned long return_ip,
			       struct ftrace_regs *regs, void *data)
{
	struct nf_hook_probe *probe = container_of(fprobe, struct nf_hook_probe, fprobe);
	struct nf_hook_call *call = data;

	*call = (struct nf_hook_call) {
		.priv = (void *)ftrace_regs_get_argument(regs, 0),
		.skb = (void *)ftrace_regs_get_argument(regs, 1),
		.function = probe->function,
	};
	if (!probe->called(probe->data, call))
		return 1;
	call->began = ktime_get_mono_fast_ns();
	return 0;
}

/* The packet may be gone by now: nothing is read of it. */
static void nf_hook_probe_exit(struct fprobe *fprobe, unsigned long ip, unsigned long return_ip,
			       struct ftrace_regs *regs, void *data)
{
	struct nf_hook_probe *probe = container_of(fprobe, struct nf_hook_probe, fprobe);
	const struct nf_hook_call *call = data;
	u64 ns = ktime_get_mono_fast_ns() - call->began;

	probe->returned(probe->data, call, ftrace_regs_get_return_value(regs), ns);
}

/* Both may be called before this returns, and until nf_hook_probe_remove() does. May sleep. */
int nf_hook_probe_add(nf_hook_called_fn *called, nf_hook_returned_fn *returned, void *data,
		      unsigned long function, struct nf_hook_probe **added)
{
	struct nf_hook_probe *probe = kzalloc_obj(*probe, GFP_KERNEL);
	int err;

	if (!probe)
		return -ENOMEM;
	probe->fprobe.entry_handler = nf_hook_probe_entry;
	probe->fprobe.exit_handler = nf_hook_probe_exit;
	probe->fprobe.entry_data_size = sizeof(struct nf_hook_call);
	probe->called = called;
	probe->returned = returned;
	probe->data = data;
	probe->function = function;

	nf_expect_unload();
	guard(mutex)(&nf_hook_probe_mutex);
	err = nf_helper_closing() ? -ESHUTDOWN :
				    register_fprobe_ips(&probe->fprobe, &function, 1);
	if (err) {
		kfree(probe);
		return err;
	}
	list_add(&probe->list, &nf_hook_probes);
	*added = probe;
	return 0;
}

/* unregister_fprobe() waits until nobody is in the handlers. */
static void nf_hook_probe_end(struct nf_hook_probe *probe)
{
	unregister_fprobe(&probe->fprobe);
	list_del(&probe->list);
	kfree(probe);
}

/* May sleep. */
void nf_hook_probe_remove(struct nf_hook_probe *probe)
{
	guard(mutex)(&nf_hook_probe_mutex);
	nf_hook_probe_end(probe);
}

u64 nf_hook_probe_missed(const struct nf_hook_probe *probe)
{
	return READ_ONCE(probe->fprobe.nmissed);
}

/* The module is being freed: none is called from now on, and there come no more. */
void nf_hook_probe_stop(void)
{
	struct nf_hook_probe *probe;

	guard(mutex)(&nf_hook_probe_mutex);
	list_for_each_entry(probe, &nf_hook_probes, list)
		unregister_fprobe(&probe->fprobe);
}

/* What safe code has leaked goes too. To unregister it once more does nothing. */
void nf_hook_probe_unload(void)
{
	struct nf_hook_probe *probe, *next;

	list_for_each_entry_safe(probe, next, &nf_hook_probes, list)
		nf_hook_probe_end(probe);
}
