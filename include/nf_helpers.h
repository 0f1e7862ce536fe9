/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two halves of the netfilter crate towards each other: what its C files
 * give to Rust, and what they call there.
 */
#ifndef NF_HELPERS_H
#define NF_HELPERS_H

#include <linux/netfilter.h>
#include <linux/types.h>

struct bpf_prog;
struct hlist_head;
struct hlist_node;
struct llist_node;
struct module;
struct net;
struct net_device;
struct nf_conn;
struct nf_free_probe;
struct nf_hook_probe;
struct nf_hook_entries;
struct nf_hook_ops;
struct nf_maker;
struct nf_member;
struct nf_stolen;
struct nf_tracking;
struct nf_worker;
struct sk_buff;
struct sock_filter;

/* module.c, called from Rust and, the first two, from C */
void nf_expect_unload(void);
bool nf_helper_closing(void);
void nf_helper_table_lock(void);
void nf_helper_table_unlock(void);
void nf_helper_table_wait(unsigned int *busy);
void nf_helper_table_wake(unsigned int *busy);
int nf_helper_make(struct nf_maker *maker, struct net *net, struct nf_member **member);
bool nf_helper_in_call(void);
void nf_helper_member_show(struct hlist_node *member, struct hlist_head *list);
void nf_helper_member_hide(struct hlist_node *member);
const struct hlist_node *nf_helper_member_next(const struct hlist_head *list,
					       const struct hlist_node *member);
int nf_helper_get_callbacks(void);
void nf_helper_put_callbacks(void);
void nf_helper_defer(struct llist_node *node);

/* helpers.c, called from Rust */
bool nf_helper_may_sleep(void);
void nf_helper_device_name(const struct net_device *dev, char *name);
u32 nf_helper_device_index(const struct net_device *dev);
u8 nf_helper_packet_type(const struct sk_buff *skb);
bool nf_helper_vlan(const struct sk_buff *skb, u16 *protocol, u16 *tci);
void nf_helper_gso(const struct sk_buff *skb, u16 *size, u16 *segments);
bool nf_helper_owner(const struct sk_buff *skb, const struct net *net, u32 *uid, u64 *cgroup);
bool nf_helper_ethernet(const struct sk_buff *skb, u8 *header);
int nf_helper_ensure_writable(struct sk_buff *skb, u32 len);
int nf_helper_checksum_start(const struct sk_buff *skb);
bool nf_helper_segments_have_checksums(const struct sk_buff *skb);
void nf_helper_frame(unsigned long address, char *symbol);
struct net_device *nf_helper_physindev(const struct sk_buff *skb, struct net *net);
struct net_device *nf_helper_physoutdev(const struct sk_buff *skb);

/* net.c, called from Rust */
struct net *nf_helper_get_current_net(void);
size_t nf_helper_get_nets(struct net **nets, size_t room);
struct net *nf_helper_get_net_by_inode(u32 inode);
bool nf_helper_get_net(struct net *net);
void nf_helper_put_net(struct net *net);

/* stolen.c, called from Rust */
struct nf_stolen *nf_stolen_new(struct sk_buff *skb, const struct nf_hook_state *state,
				nf_hookfn *hook, void *priv);
void nf_stolen_schedule(struct nf_stolen *stolen, bool resume, u64 ns);
void nf_stolen_ops_gone(const struct nf_hook_ops *ops, unsigned int count);

/* stolen.c, called from module.c */
void nf_stolen_device_gone(const struct net_device *dev);
void nf_stolen_net_gone(const struct net *net);
void nf_stolen_module_gone(const struct module *module);
void nf_stolen_wait(const struct net *net);
void nf_stolen_drain(bool owned);

/* worker.c, called from Rust and, the last two, from module.c */
struct nf_worker *nf_helper_worker_new(void (*run)(void *data), void *data, u32 ms);
bool nf_helper_in_work(void);
void nf_helper_worker_end(struct nf_worker *worker);
void nf_worker_stop(void);
void nf_worker_unload(void);

/* watch.c, called from Rust and, nf_watch_unload(), from module.c */
int nf_helper_watch_get(void);
void nf_helper_watch_put(void);
const void *nf_helper_watch_chain(const struct net *net, u8 pf, unsigned int hooknum, u64 *freed);
void nf_watch_unload(void);

/* chain.c, called from Rust */
struct nf_helper_nft {
	u8 family;
	const char *table;
	const char *name;
};

const struct nf_hook_entries *nf_helper_chain(const struct net *net, u8 pf, unsigned int hooknum);
const struct nf_hook_entries *nf_helper_chain_ingress(const struct net_device *dev);
const struct nf_hook_entries *nf_helper_chain_egress(const struct net_device *dev);
const struct nf_hook_ops *nf_helper_chain_next(const struct nf_hook_entries *chain, unsigned int *index);
u8 nf_helper_hook_type(const struct nf_hook_ops *ops);
const struct nf_hook_entries *nf_helper_hook_nat(const struct nf_hook_ops *ops);
struct nf_helper_nft nf_helper_hook_chain(const struct nf_hook_ops *ops);
struct nf_helper_nft nf_helper_hook_flowtable(const struct nf_hook_ops *ops);
u32 nf_helper_hook_bpf_id(const struct nf_hook_ops *ops);
bool nf_helper_hook_is_ours(const struct nf_hook_ops *ops);
void nf_helper_hook_symbol(const struct nf_hook_ops *ops, char *symbol);

/* conntrack.c, called from Rust */
struct nf_helper_tuple {
	u8 source[16];
	u8 destination[16];
	u16 source_port; /* or identifier, or key */
	u16 destination_port;
	bool ipv4;
	u8 protocol;
	u8 icmp_type;
	u8 icmp_code;
};

u32 nf_helper_ct_mark(const struct nf_conn *ct);
u64 nf_helper_ct_label(const struct nf_conn *ct);
u16 nf_helper_ct_zone(const struct nf_conn *ct, bool reply, u32 packet_mark);
void nf_helper_ct_tuple(const struct nf_conn *ct, bool reply, struct nf_helper_tuple *copy);
void nf_helper_ct_helper(const struct nf_conn *ct, char *name);

/* filter.c, called from Rust */
int nf_helper_filter_create(struct sock_filter *program, u16 len, struct bpf_prog **filter);
u32 nf_helper_filter_run(const struct bpf_prog *filter, struct sk_buff *skb);

/* counter.c, called from Rust */
u64 __percpu *nf_helper_counter_alloc(void);
void nf_helper_counter_add(u64 __percpu *counter, u64 by);
u64 nf_helper_counter_sum(u64 __percpu *counter);

/* tracking.c, called from Rust and, the last, from module.c */
int nf_helper_track(struct net *net, struct nf_tracking **tracking);
void nf_helper_untrack(struct nf_tracking *tracking);
void nf_tracking_free(void);

/* free.c, called from Rust and, the last two, from module.c */
#define NF_DROP_REASON_LEN 48
typedef void nf_free_fn(void *data, const struct sk_buff *skb, unsigned long location, u32 reason);

int nf_free_add(nf_free_fn *fn, void *data, struct nf_free_probe **added);
void nf_free_remove(struct nf_free_probe *probe);
u64 nf_free_missed(const struct nf_free_probe *probe);
void nf_free_stop(void);
void nf_free_unload(void);
void nf_helper_drop_reason(u32 reason, char *name);

/* hook_probe.c, called from Rust and, the last two, from module.c */
struct nf_hook_call {
	struct sk_buff *skb;
	void *priv;
	unsigned long function;
	/* called's own */
	u64 tag;
	u64 began;
};

/* Whether returned is wanted. */
typedef bool nf_hook_called_fn(void *data, struct nf_hook_call *call);
typedef void nf_hook_returned_fn(void *data, const struct nf_hook_call *call, u32 verdict, u64 ns);

int nf_hook_probe_add(nf_hook_called_fn *called, nf_hook_returned_fn *returned, void *data,
		      unsigned long function, struct nf_hook_probe **added);
void nf_hook_probe_remove(struct nf_hook_probe *probe);
u64 nf_hook_probe_missed(const struct nf_hook_probe *probe);
void nf_hook_probe_stop(void);
void nf_hook_probe_unload(void);

/* nf_path's trace.c, called from Rust there */
enum nf_trace_header {
	NF_TRACE_MALFORMED,
	NF_TRACE_TRUNCATED,
	NF_TRACE_TCP,
	NF_TRACE_UDP,
	NF_TRACE_SCTP,
	NF_TRACE_ICMP,
	NF_TRACE_ICMPV6,
	NF_TRACE_OTHER,
};

enum nf_trace_ct {
	NF_TRACE_NONE,
	NF_TRACE_NEW,
	NF_TRACE_ESTABLISHED,
	NF_TRACE_RELATED,
	NF_TRACE_ESTABLISHED_REPLY,
	NF_TRACE_RELATED_REPLY,
	NF_TRACE_UNTRACKED,
	NF_TRACE_TEMPLATE,
};

enum nf_trace_outcome {
	NF_TRACE_DELIVERED,
	NF_TRACE_SENT,
	NF_TRACE_DROPPED,
	NF_TRACE_DROPPED_IN_OR_AFTER,
	NF_TRACE_DROPPED_AFTER,
	NF_TRACE_TAKEN,
	NF_TRACE_ENDED,
};

/* A packet, and where it is. */
struct nf_trace_packet {
	u64 number;
	u32 netns;
	u8 point;
	u8 family;
	u8 protocol;
	u8 header;
	u8 saddr[16];
	u8 daddr[16];
	u16 sport;
	u16 dport;
	/* -1: none */
	s32 frag;
	u32 tcp_seq;
	u32 tcp_ack;
	u16 tcp_window;
	u8 tcp_flags;
	u8 icmp_type;
	u8 icmp_code;
	/* -1: none */
	s32 icmp_id;
	s32 icmp_seq;
	u8 ttl;
	u8 dscp;
	u8 ct;
	u16 ct_zone;
	u32 ct_mark;
	u32 mark;
	u32 len;
};

struct nf_trace_point {
	struct nf_trace_packet packet;
	const char *iif;
	const char *oif;
};

struct nf_trace_reset {
	struct nf_trace_packet packet;
	/* 0: none */
	u64 after;
	const char *stack;
};

struct nf_trace_step {
	struct nf_trace_packet packet;
	/* 0: not known, nor is the priority */
	u32 hooks;
	s32 priority;
	const char *hook;
	/* -1: not known */
	s64 ns;
	const char *each_ns;
	const char *changes;
};

struct nf_trace_away {
	struct nf_trace_packet packet;
	const char *by;
};

struct nf_trace_end {
	struct nf_trace_packet packet;
	u8 outcome;
	const char *how;
	/* 0: none */
	u32 reason;
	const char *reason_name;
	u32 points;
	u32 hooks;
	u32 lost;
	u64 ns;
};

bool nf_trace_point_enabled(void);
void nf_trace_point(const struct nf_trace_point *point);
bool nf_trace_reset_enabled(void);
void nf_trace_reset(const struct nf_trace_reset *reset);
bool nf_trace_step_enabled(void);
void nf_trace_step(const struct nf_trace_step *step);
bool nf_trace_away_enabled(void);
void nf_trace_away(const struct nf_trace_away *away);
bool nf_trace_end_enabled(void);
void nf_trace_end(const struct nf_trace_end *end);

/* table.rs, member.rs and registration.rs, called from C */
int nf_table_net_init(struct net *net);
void nf_table_net_pre_exit(struct net *net);
void nf_table_net_exit(struct net *net);
int nf_member_make(struct nf_maker *maker, struct net *net, struct nf_member **member);
void nf_table_device_gone(struct net *net, struct net_device *dev);
void nf_table_free(void);
void nf_registration_finish(struct llist_node *list);

#endif
