// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work that is done again and again: see worker.rs.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "nf_helpers.h"

struct nf_worker {
	struct delayed_work work;
	struct list_head list;
	refcount_t users;
	unsigned long period; /* jiffies */
	void (*run)(void *data);
	void *data;
	bool stopped;
};

/* Those that are at work: what safe code has leaked ends with the module. */
static DEFINE_SPINLOCK(nf_worker_lock);
static LIST_HEAD(nf_workers);

static void nf_worker_function(struct work_struct *work)
{
	struct nf_worker *worker = container_of(to_delayed_work(work), struct nf_worker, work);

	worker->run(worker->data);
	queue_delayed_work(system_dfl_wq, &worker->work, worker->period);
}

/*
 * Whether the task, which may sleep, is at such work: it must not wait for the
 * end of any. Not by the function of what it is at: others free that early.
 */
bool nf_helper_in_work(void)
{
	const struct work_struct *work = current_work();
	const struct nf_worker *worker;

	guard(spinlock_bh)(&nf_worker_lock);
	list_for_each_entry(worker, &nf_workers, list)
		if (&worker->work.work == work)
			return true;
	return false;
}

/* At work from now on, or an error pointer. */
struct nf_worker *nf_helper_worker_new(void (*run)(void *), void *data, u32 ms)
{
	struct nf_worker *worker = kzalloc_obj(*worker, GFP_KERNEL);

	if (!worker)
		return ERR_PTR(-ENOMEM);
	INIT_DELAYED_WORK(&worker->work, nf_worker_function);
	worker->period = msecs_to_jiffies(ms);
	worker->run = run;
	worker->data = data;
	refcount_set(&worker->users, 1);
	nf_expect_unload();
	scoped_guard(spinlock_bh, &nf_worker_lock) {
		if (nf_helper_closing()) {
			kfree(worker);
			return ERR_PTR(-ESHUTDOWN);
		}
		list_add(&worker->list, &nf_workers);
	}
	queue_delayed_work(system_dfl_wq, &worker->work, 0);
	return worker;
}

static void nf_worker_put(struct nf_worker *worker)
{
	if (refcount_dec_and_test(&worker->users))
		kfree(worker);
}

/* Not at work any more when this returns. Not from work of this kind: see nf_helper_in_work(). */
void nf_helper_worker_end(struct nf_worker *worker)
{
	disable_delayed_work_sync(&worker->work);
	scoped_guard(spinlock_bh, &nf_worker_lock)
		list_del(&worker->list);
	nf_worker_put(worker);
}

/* One that has not been stopped yet, held. */
static struct nf_worker *nf_worker_next(void)
{
	struct nf_worker *worker;

	guard(spinlock_bh)(&nf_worker_lock);
	list_for_each_entry(worker, &nf_workers, list) {
		if (worker->stopped)
			continue;
		worker->stopped = true;
		refcount_inc(&worker->users);
		return worker;
	}
	return NULL;
}

/*
 * The module is being freed: none is at work from now on, and there come no
 * more. Their owners, if they have any, can still end them: they may be
 * doing so now, in another worker.
 */
void nf_worker_stop(void)
{
	struct nf_worker *worker;

	while ((worker = nf_worker_next())) {
		disable_delayed_work_sync(&worker->work);
		nf_worker_put(worker);
	}
}

/* Nor has any an owner. */
void nf_worker_unload(void)
{
	struct nf_worker *worker, *next;

	list_for_each_entry_safe(worker, next, &nf_workers, list)
		nf_worker_put(worker);
}
