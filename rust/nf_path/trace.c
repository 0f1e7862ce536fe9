// SPDX-License-Identifier: GPL-2.0-only
/*
 * nf_path's tracepoints, and what rust/netfilter/trace.rs calls. Linked into
 * nf_path alone.
 */
#include "nf_helpers.h"

#define CREATE_TRACE_POINTS
#include <trace/events/nf_path.h>

#define NF_TRACE(event)								\
bool nf_trace_##event##_enabled(void)						\
{										\
	return trace_##event##_enabled();					\
}										\
										\
void nf_trace_##event(const struct nf_trace_##event *event)			\
{										\
	trace_##event(event);							\
}

NF_TRACE(point)
NF_TRACE(reset)
NF_TRACE(step)
NF_TRACE(away)
NF_TRACE(end)
