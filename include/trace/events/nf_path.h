/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nf_path's tracepoints: an event for each line that the log can have of a
 * packet. They come as those do: but for `away`, when the packet has ended.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nf_path

#if !defined(_TRACE_NF_PATH_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_NF_PATH_H

#include <linux/if.h>
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

#define nf_path_header(header)				\
	__print_symbolic(header,			\
		{ NF_TRACE_MALFORMED, "malformed" },	\
		{ NF_TRACE_TRUNCATED, "truncated" },	\
		{ NF_TRACE_TCP, "TCP" },		\
		{ NF_TRACE_UDP, "UDP" },		\
		{ NF_TRACE_SCTP, "SCTP" },		\
		{ NF_TRACE_ICMP, "ICMP" },		\
		{ NF_TRACE_ICMPV6, "ICMPv6" },		\
		{ NF_TRACE_OTHER, "other" })

#define nf_path_tcp_flags(flags)			\
	__print_flags(flags, "",			\
		{ 0x01, "F" },				\
		{ 0x02, "S" },				\
		{ 0x04, "R" },				\
		{ 0x08, "P" },				\
		{ 0x10, "A" },				\
		{ 0x20, "U" },				\
		{ 0x40, "E" },				\
		{ 0x80, "C" })

#define nf_path_ct(ct)							\
	__print_symbolic(ct,						\
		{ NF_TRACE_NONE, "none" },				\
		{ NF_TRACE_NEW, "new" },				\
		{ NF_TRACE_ESTABLISHED, "established" },		\
		{ NF_TRACE_RELATED, "related" },			\
		{ NF_TRACE_ESTABLISHED_REPLY, "established-reply" },	\
		{ NF_TRACE_RELATED_REPLY, "related-reply" },		\
		{ NF_TRACE_UNTRACKED, "untracked" },			\
		{ NF_TRACE_TEMPLATE, "template" })

#define nf_path_outcome(outcome)					\
	__print_symbolic(outcome,					\
		{ NF_TRACE_DELIVERED, "DELIVERED" },			\
		{ NF_TRACE_SENT, "SENT" },				\
		{ NF_TRACE_DROPPED, "DROPPED" },			\
		{ NF_TRACE_DROPPED_IN_OR_AFTER, "DROPPED_IN_OR_AFTER" }, \
		{ NF_TRACE_DROPPED_AFTER, "DROPPED_AFTER" },		\
		{ NF_TRACE_TAKEN, "TAKEN" },				\
		{ NF_TRACE_ENDED, "ENDED" })

TRACE_DEFINE_ENUM(NF_INET_PRE_ROUTING);
TRACE_DEFINE_ENUM(NF_INET_LOCAL_IN);
TRACE_DEFINE_ENUM(NF_INET_FORWARD);
TRACE_DEFINE_ENUM(NF_INET_LOCAL_OUT);
TRACE_DEFINE_ENUM(NF_INET_POST_ROUTING);
TRACE_DEFINE_ENUM(NFPROTO_IPV4);
TRACE_DEFINE_ENUM(NFPROTO_IPV6);
TRACE_DEFINE_ENUM(NF_TRACE_MALFORMED);
TRACE_DEFINE_ENUM(NF_TRACE_TRUNCATED);
TRACE_DEFINE_ENUM(NF_TRACE_TCP);
TRACE_DEFINE_ENUM(NF_TRACE_UDP);
TRACE_DEFINE_ENUM(NF_TRACE_SCTP);
TRACE_DEFINE_ENUM(NF_TRACE_ICMP);
TRACE_DEFINE_ENUM(NF_TRACE_ICMPV6);
TRACE_DEFINE_ENUM(NF_TRACE_OTHER);
TRACE_DEFINE_ENUM(NF_TRACE_NONE);
TRACE_DEFINE_ENUM(NF_TRACE_NEW);
TRACE_DEFINE_ENUM(NF_TRACE_ESTABLISHED);
TRACE_DEFINE_ENUM(NF_TRACE_RELATED);
TRACE_DEFINE_ENUM(NF_TRACE_ESTABLISHED_REPLY);
TRACE_DEFINE_ENUM(NF_TRACE_RELATED_REPLY);
TRACE_DEFINE_ENUM(NF_TRACE_UNTRACKED);
TRACE_DEFINE_ENUM(NF_TRACE_TEMPLATE);
TRACE_DEFINE_ENUM(NF_TRACE_DELIVERED);
TRACE_DEFINE_ENUM(NF_TRACE_SENT);
TRACE_DEFINE_ENUM(NF_TRACE_DROPPED);
TRACE_DEFINE_ENUM(NF_TRACE_DROPPED_IN_OR_AFTER);
TRACE_DEFINE_ENUM(NF_TRACE_DROPPED_AFTER);
TRACE_DEFINE_ENUM(NF_TRACE_TAKEN);
TRACE_DEFINE_ENUM(NF_TRACE_ENDED);

/*
 * What all events have, of a packet and of where it is, and what each has besides.
 * No double quotes in a format: they would stand bare in the event's format file,
 * where perf and trace-cmd take the first for the format's end.
 */
#define NF_PATH_EVENT(event, fields, assign, format, arguments)			\
	TRACE_EVENT(event,							\
										\
	TP_PROTO(const struct nf_trace_##event *event),				\
										\
	TP_ARGS(event),								\
										\
	TP_STRUCT__entry(							\
		__field(u64, number)						\
		__field(u32, netns)						\
		__field(u8, point)						\
		__field(u8, family)						\
		__field(u8, protocol)						\
		__field(u8, header)						\
		__field(u16, sport)						\
		__field(u16, dport)						\
		__array(u8, saddr, NF_PATH_SOCKADDR)				\
		__array(u8, daddr, NF_PATH_SOCKADDR)				\
		__field(s32, frag)						\
		__field(u8, tcp_flags)						\
		__field(u32, tcp_seq)						\
		__field(u32, tcp_ack)						\
		__field(u16, tcp_window)					\
		__field(u8, icmp_type)						\
		__field(u8, icmp_code)						\
		__field(s32, icmp_id)						\
		__field(s32, icmp_seq)						\
		__field(u8, ttl)						\
		__field(u8, dscp)						\
		__field(u32, len)						\
		__field(u32, mark)						\
		__field(u8, ct)							\
		__field(u32, ct_mark)						\
		__field(u16, ct_zone)						\
		fields								\
	),									\
										\
	TP_fast_assign(								\
		const struct nf_trace_packet *packet = &event->packet;		\
										\
		__entry->number = packet->number;				\
		__entry->netns = packet->netns;					\
		__entry->point = packet->point;					\
		__entry->family = packet->family;				\
		__entry->protocol = packet->protocol;				\
		__entry->header = packet->header;				\
		__entry->sport = packet->sport;					\
		__entry->dport = packet->dport;					\
		nf_path_sockaddr(__entry->saddr, packet->family,		\
				 packet->saddr, packet->sport);			\
		nf_path_sockaddr(__entry->daddr, packet->family,		\
				 packet->daddr, packet->dport);			\
		__entry->frag = packet->frag;					\
		__entry->tcp_flags = packet->tcp_flags;				\
		__entry->tcp_seq = packet->tcp_seq;				\
		__entry->tcp_ack = packet->tcp_ack;				\
		__entry->tcp_window = packet->tcp_window;			\
		__entry->icmp_type = packet->icmp_type;				\
		__entry->icmp_code = packet->icmp_code;				\
		__entry->icmp_id = packet->icmp_id;				\
		__entry->icmp_seq = packet->icmp_seq;				\
		__entry->ttl = packet->ttl;					\
		__entry->dscp = packet->dscp;					\
		__entry->len = packet->len;					\
		__entry->mark = packet->mark;					\
		__entry->ct = packet->ct;					\
		__entry->ct_mark = packet->ct_mark;				\
		__entry->ct_zone = packet->ct_zone;				\
		assign;								\
	),									\
										\
	TP_printk("#%llu netns=%u point=%s " format				\
		  " family=%s protocol=%u src=%pISpc dst=%pISpc header=%s frag=%d"	\
		  " tcp_flags=%s tcp_seq=%u tcp_ack=%u tcp_window=%u"		\
		  " icmp_type=%u icmp_code=%u icmp_id=%d icmp_seq=%d"		\
		  " ttl=%u dscp=%u len=%u mark=%#x ct=%s ct_mark=%#x ct_zone=%u",	\
		  __entry->number, __entry->netns, nf_path_point(__entry->point),	\
		  arguments, nf_path_family(__entry->family), __entry->protocol,	\
		  __entry->saddr, __entry->daddr, nf_path_header(__entry->header),	\
		  __entry->frag, nf_path_tcp_flags(__entry->tcp_flags), __entry->tcp_seq,	\
		  __entry->tcp_ack, __entry->tcp_window, __entry->icmp_type,	\
		  __entry->icmp_code, __entry->icmp_id, __entry->icmp_seq, __entry->ttl,	\
		  __entry->dscp, __entry->len, __entry->mark, nf_path_ct(__entry->ct),	\
		  __entry->ct_mark, __entry->ct_zone)				\
	)

/* The packet has come to a point, by and for these devices. */
NF_PATH_EVENT(point,
	__array(char, iif, IFNAMSIZ)
	__array(char, oif, IFNAMSIZ),
	strscpy_pad(__entry->iif, point->iif);
	strscpy_pad(__entry->oif, point->oif),
	"iif=%s oif=%s",
	PARAMS(__entry->iif, __entry->oif)
);

/* It is a TCP reset of this host. */
NF_PATH_EVENT(reset,
	__field(u64, after)
	__string(stack, reset->stack),
	__entry->after = reset->after;
	__assign_str(stack),
	"after=%llu stack='%s'",
	PARAMS(__entry->after, __get_str(stack))
);

/* It has passed a hook, or several, behind which it is so. */
NF_PATH_EVENT(step,
	__field(u32, hooks)
	__field(s32, priority)
	__field(s64, ns)
	__string(hook, step->hook)
	__string(each_ns, step->each_ns)
	__string(changes, step->changes),
	__entry->hooks = step->hooks;
	__entry->priority = step->priority;
	__entry->ns = step->ns;
	__assign_str(hook);
	__assign_str(each_ns);
	__assign_str(changes),
	"hooks=%u priority=%d hook='%s' ns=%lld each_ns='%s' changes='%s'",
	PARAMS(__entry->hooks, __entry->priority, __get_str(hook), __entry->ns,
	       __get_str(each_ns), __get_str(changes))
);

/* Nothing has been heard of it for long; it may come back. */
NF_PATH_EVENT(away,
	__string(by, away->by),
	__assign_str(by),
	"by='%s'",
	__get_str(by)
);

/* The end of its path, to whose first hook it came so. */
NF_PATH_EVENT(end,
	__field(u8, outcome)
	__field(u32, reason)
	__field(u32, points)
	__field(u32, hooks)
	__field(u32, lost)
	__field(u64, ns)
	__string(how, end->how)
	__string(reason_name, end->reason_name),
	__entry->outcome = end->outcome;
	__entry->reason = end->reason;
	__entry->points = end->points;
	__entry->hooks = end->hooks;
	__entry->lost = end->lost;
	__entry->ns = end->ns;
	__assign_str(how);
	__assign_str(reason_name),
	"outcome=%s how='%s' reason=%u reason_name='%s' points=%u hooks=%u lost=%u ns=%llu",
	PARAMS(nf_path_outcome(__entry->outcome), __get_str(how), __entry->reason,
	       __get_str(reason_name), __entry->points, __entry->hooks, __entry->lost,
	       __entry->ns)
);

#endif

/* For each of the readings of this file. */
#include <trace/define_trace.h>
