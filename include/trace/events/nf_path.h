/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nf_path's tracepoints: an event for each hook that a followed packet has
 * passed, and one for its end. As its lines in the log they come when the packet
 * has ended, in the order of the hooks.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nf_path

#if !defined(_TRACE_NF_PATH_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_NF_PATH_H

#include <linux/in6.h>
#include <linux/netfilter.h>
#include <linux/tracepoint.h>

#include "nf_helpers.h"

#ifndef NF_PATH_SOCKADDR
/* A number: what reads the format need not know the structure. */
#define NF_PATH_SOCKADDR 28
static_assert(sizeof(struct sockaddr_in6) == NF_PATH_SOCKADDR);

/* Room for either, as %pIS takes it. */
static inline void nf_path_sockaddr(void *to, u8 family, const u8 *address, u16 port)
{
	struct sockaddr_in *v4 = to;
	struct sockaddr_in6 *v6 = to;

	memset(to, 0, sizeof(*v6));
	if (family == NFPROTO_IPV4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, address, sizeof(v4->sin_addr));
	} else {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		memcpy(&v6->sin6_addr, address, sizeof(v6->sin6_addr));
	}
}
#endif

/* What both events have of a packet. */
#define nf_path_packet_assign(packet)						\
	do {									\
		__entry->family = (packet).family;				\
		__entry->protocol = (packet).protocol;				\
		__entry->sport = (packet).sport;				\
		__entry->dport = (packet).dport;				\
		nf_path_sockaddr(__entry->saddr, (packet).family,		\
				 (packet).saddr, (packet).sport);		\
		nf_path_sockaddr(__entry->daddr, (packet).family,		\
				 (packet).daddr, (packet).dport);		\
	} while (0)

#define nf_path_point(point)				\
	__print_symbolic(point,				\
		{ NF_INET_PRE_ROUTING, "PRE_ROUTING" },	\
		{ NF_INET_LOCAL_IN, "LOCAL_IN" },	\
		{ NF_INET_FORWARD, "FORWARD" },		\
		{ NF_INET_LOCAL_OUT, "LOCAL_OUT" },	\
		{ NF_INET_POST_ROUTING, "POST_ROUTING" })

#define nf_path_family(family)				\
	__print_symbolic(family,			\
		{ NFPROTO_IPV4, "IPv4" },		\
		{ NFPROTO_IPV6, "IPv6" })

TRACE_DEFINE_ENUM(NF_INET_PRE_ROUTING);
TRACE_DEFINE_ENUM(NF_INET_LOCAL_IN);
TRACE_DEFINE_ENUM(NF_INET_FORWARD);
TRACE_DEFINE_ENUM(NF_INET_LOCAL_OUT);
TRACE_DEFINE_ENUM(NF_INET_POST_ROUTING);
TRACE_DEFINE_ENUM(NFPROTO_IPV4);
TRACE_DEFINE_ENUM(NFPROTO_IPV6);

/*
 * No double quotes in a TP_printk(): they would stand bare in the event's format
 * file, where perf and trace-cmd take the first for the format's end.
 */

/* The packet is as it was behind the hook. */
TRACE_EVENT(step,

	TP_PROTO(const struct nf_trace_step *step),

	TP_ARGS(step),

	TP_STRUCT__entry(
		__field(u64, number)
		__field(u64, ns)
		__field(u32, netns)
		__field(s32, priority)
		__field(u8, point)
		__field(u8, ttl)
		__field(u8, dscp)
		__field(u16, ct_zone)
		__field(u32, len)
		__field(u32, mark)
		__field(u32, ct_mark)
		__field(u8, family)
		__field(u8, protocol)
		__field(u16, sport)
		__field(u16, dport)
		__array(u8, saddr, NF_PATH_SOCKADDR)
		__array(u8, daddr, NF_PATH_SOCKADDR)
		__string(hook, step->hook)
		__string(changes, step->changes)
		__string(ct, step->packet.ct)
	),

	TP_fast_assign(
		__entry->number = step->number;
		__entry->ns = step->ns;
		__entry->netns = step->netns;
		__entry->priority = step->priority;
		__entry->point = step->point;
		__entry->ttl = step->packet.ttl;
		__entry->dscp = step->packet.dscp;
		__entry->ct_zone = step->packet.ct_zone;
		__entry->len = step->packet.len;
		__entry->mark = step->packet.mark;
		__entry->ct_mark = step->packet.ct_mark;
		nf_path_packet_assign(step->packet);
		__assign_str(hook);
		__assign_str(changes);
		__assign_str(ct);
	),

	TP_printk("#%llu netns=%u point=%s priority=%d hook='%s' ns=%llu changes='%s' family=%s protocol=%u src=%pISpc dst=%pISpc ttl=%u dscp=%u len=%u mark=%#x ct=%s ct_mark=%#x ct_zone=%u",
		  __entry->number, __entry->netns, nf_path_point(__entry->point),
		  __entry->priority, __get_str(hook), __entry->ns, __get_str(changes),
		  nf_path_family(__entry->family), __entry->protocol, __entry->saddr,
		  __entry->daddr, __entry->ttl, __entry->dscp, __entry->len, __entry->mark,
		  __get_str(ct), __entry->ct_mark, __entry->ct_zone)
);

/* The packet is as it came to its first hook. */
TRACE_EVENT(end,

	TP_PROTO(const struct nf_trace_end *end),

	TP_ARGS(end),

	TP_STRUCT__entry(
		__field(u64, number)
		__field(u64, ns)
		__field(u32, netns)
		__field(u32, reason)
		__field(u32, points)
		__field(u32, hooks)
		__field(u8, point)
		__field(u8, family)
		__field(u8, protocol)
		__field(u16, sport)
		__field(u16, dport)
		__array(u8, saddr, NF_PATH_SOCKADDR)
		__array(u8, daddr, NF_PATH_SOCKADDR)
		__string(how, end->how)
	),

	TP_fast_assign(
		__entry->number = end->number;
		__entry->ns = end->ns;
		__entry->netns = end->netns;
		__entry->reason = end->reason;
		__entry->points = end->points;
		__entry->hooks = end->hooks;
		__entry->point = end->point;
		nf_path_packet_assign(end->packet);
		__assign_str(how);
	),

	TP_printk("#%llu netns=%u point=%s how='%s' reason=%u points=%u hooks=%u ns=%llu family=%s protocol=%u src=%pISpc dst=%pISpc",
		  __entry->number, __entry->netns, nf_path_point(__entry->point), __get_str(how),
		  __entry->reason, __entry->points, __entry->hooks, __entry->ns,
		  nf_path_family(__entry->family), __entry->protocol, __entry->saddr,
		  __entry->daddr)
);

#endif

/* For each of the readings of this file. */
#include <trace/define_trace.h>
