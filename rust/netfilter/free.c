// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes on the tracepoints that tell of freed packets: see free.rs.
 */
#include <linux/bits.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/dropreason.h>
#include <trace/events/skb.h>

#include "nf_helpers.h"

struct nf_free_cpu {
	u64 missed;
	u8 running; /* a bit for each level of context */
};

struct nf_free_probe {
	struct list_head list;
	nf_free_fn *fn;
	void *data;
	struct nf_free_cpu __percpu *cpu;
	bool off;
};

/* Guards the list of what is registered, and whether consume_skb has been found. */
static DEFINE_MUTEX(nf_free_mutex);
static LIST_HEAD(nf_free_probes);
static struct tracepoint *nf_free_consume_skb;

/*
 * A function that frees packets itself, or prints to a console that does, would
 * come back here for ever: it is not called for those. It is called when an
 * interrupt frees one in its midst. On its CPU until it is done: the bits are
 * the CPU's.
 */
static void nf_free_call(struct nf_free_probe *probe, const struct sk_buff *skb, void *location,
			 u32 reason)
{
	u8 level = BIT(interrupt_context_level());
	struct nf_free_cpu *cpu;

	guard(preempt)();
	cpu = this_cpu_ptr(probe->cpu);
	if (cpu->running & level) {
		this_cpu_inc(probe->cpu->missed);
		return;
	}
	cpu->running |= level;
	barrier();
	probe->fn(probe->data, skb, (unsigned long)location, reason);
	barrier();
	cpu->running &= ~level;
}

static void nf_free_kfree_skb(void *probe, struct sk_buff *skb, void *location,
			      enum skb_drop_reason reason, const struct sock *rx_sk)
{
	nf_free_call(probe, skb, location, reason);
}

static void nf_free_consume(void *probe, struct sk_buff *skb, void *location)
{
	nf_free_call(probe, skb, location, SKB_CONSUMED);
}

static void nf_free_find(struct tracepoint *tp, void *name)
{
	if (!strcmp(tp->name, name))
		nf_free_consume_skb = tp;
}

/* consume_skb is not exported to modules, but in the list of all. */
static int nf_free_register_consume_skb(struct nf_free_probe *probe)
{
	check_trace_callback_type_consume_skb(nf_free_consume);
	if (!nf_free_consume_skb)
		for_each_kernel_tracepoint(nf_free_find, "consume_skb");
	if (!nf_free_consume_skb)
		return -EOPNOTSUPP;
	return tracepoint_probe_register(nf_free_consume_skb, nf_free_consume, probe);
}

/* From the return of tracepoint_synchronize_unregister() on nobody calls it. */
static void nf_free_unregister(struct nf_free_probe *probe)
{
	if (probe->off)
		return;
	probe->off = true;
	tracepoint_probe_unregister(nf_free_consume_skb, nf_free_consume, probe);
	unregister_trace_kfree_skb(nf_free_kfree_skb, probe);
}

static struct nf_free_probe *nf_free_alloc(nf_free_fn *fn, void *data)
{
	struct nf_free_probe *probe = kzalloc_obj(*probe, GFP_KERNEL);

	if (!probe)
		return NULL;
	probe->fn = fn;
	probe->data = data;
	probe->cpu = alloc_percpu(struct nf_free_cpu);
	if (probe->cpu)
		return probe;
	kfree(probe);
	return NULL;
}

static void nf_free_free(struct nf_free_probe *probe)
{
	free_percpu(probe->cpu);
	kfree(probe);
}

/* Both tracepoints or, with an error and after a moment in one, none. */
static int nf_free_register(struct nf_free_probe *probe)
{
	int err;

	nf_expect_unload();
	guard(mutex)(&nf_free_mutex);
	if (nf_helper_closing())
		return -ESHUTDOWN;
	err = register_trace_kfree_skb(nf_free_kfree_skb, probe);
	if (err)
		return err;
	err = nf_free_register_consume_skb(probe);
	if (err)
		unregister_trace_kfree_skb(nf_free_kfree_skb, probe);
	else
		list_add(&probe->list, &nf_free_probes);
	return err;
}

/* fn may be called before this returns, and until nf_free_remove() does. May sleep. */
int nf_free_add(nf_free_fn *fn, void *data, struct nf_free_probe **added)
{
	struct nf_free_probe *probe = nf_free_alloc(fn, data);
	int err;

	if (!probe)
		return -ENOMEM;
	err = nf_free_register(probe);
	if (err) {
		tracepoint_synchronize_unregister();
		nf_free_free(probe);
		return err;
	}
	*added = probe;
	return 0;
}

/* May sleep. */
void nf_free_remove(struct nf_free_probe *probe)
{
	scoped_guard(mutex, &nf_free_mutex) {
		nf_free_unregister(probe);
		list_del(&probe->list);
	}
	tracepoint_synchronize_unregister();
	nf_free_free(probe);
}

u64 nf_free_missed(const struct nf_free_probe *probe)
{
	u64 missed = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		missed += READ_ONCE(per_cpu_ptr(probe->cpu, cpu)->missed);
	return missed;
}

/* The module is being freed: none is called from now on, and there come no more. */
void nf_free_stop(void)
{
	struct nf_free_probe *probe;

	scoped_guard(mutex, &nf_free_mutex) {
		if (list_empty(&nf_free_probes))
			return;
		list_for_each_entry(probe, &nf_free_probes, list)
			nf_free_unregister(probe);
	}
	tracepoint_synchronize_unregister();
}

/* What safe code has leaked goes too. */
void nf_free_unload(void)
{
	struct nf_free_probe *probe, *next;

	list_for_each_entry_safe(probe, next, &nf_free_probes, list)
		nf_free_free(probe);
}

/* Writes the kernel's name for a reason, or the number of one that has none. */
void nf_helper_drop_reason(u32 reason, char *name)
{
	u32 subsys = reason >> SKB_DROP_REASON_SUBSYS_SHIFT;
	u32 index = reason & ~SKB_DROP_REASON_SUBSYS_MASK;
	const struct drop_reason_list *list = NULL;

	guard(rcu)();
	if (subsys < SKB_DROP_REASON_SUBSYS_NUM)
		list = rcu_dereference(drop_reasons_by_subsys[subsys]);
	if (list && index < list->n_reasons && list->reasons[index])
		strscpy(name, list->reasons[index], NF_DROP_REASON_LEN);
	else
		snprintf(name, NF_DROP_REASON_LEN, "%u", reason);
}
