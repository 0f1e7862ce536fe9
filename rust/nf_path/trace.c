// SPDX-License-Identifier: GPL-2.0-only
/*
 * nf_path's tracepoints, and what rust/netfilter/trace.rs calls. Linked into
 * nf_path alone.
 */
#include "nf_helpers.h"

#define CREATE_TRACE_POINTS
#include <trace/events/nf_path.h>

bool nf_trace_step_enabled(void)
{
	return trace_step_enabled();
}

void nf_trace_step(const struct nf_trace_step *step)
{
	trace_step(step);
}

bool nf_trace_end_enabled(void)
{
	return trace_end_enabled();
}

void nf_trace_end(const struct nf_trace_end *end)
{
	trace_end(end);
}
