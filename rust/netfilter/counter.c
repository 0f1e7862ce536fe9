// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's per-CPU operations, which are macros.
 */
#include <linux/percpu.h>

#include "nf_helpers.h"

/* Half a count would be read on others. */
static_assert(IS_ENABLED(CONFIG_64BIT));

u64 __percpu *nf_helper_counter_alloc(void)
{
	return alloc_percpu(u64);
}

/* Safe against interrupts and migration, whatever the context. */
void nf_helper_counter_add(u64 __percpu *counter, u64 by)
{
	this_cpu_add(*counter, by);
}

u64 nf_helper_counter_sum(u64 __percpu *counter)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(counter, cpu));
	return sum;
}
