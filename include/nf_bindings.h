/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What bindgen reads for the netfilter crate: the parts of netfilter that the
 * kernel crate's own bindings do not have. The allowlist is in the Kbuild
 * file; types that kernel::bindings has already (sk_buff, net, net_device) are
 * taken from there and not made a second time.
 */
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/kallsyms.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/stacktrace.h>
#include <net/checksum.h>
#include <net/net_namespace.h>
#include <uapi/linux/netfilter/nf_conntrack_common.h>
#include <uapi/linux/netfilter_arp.h>
#include <uapi/linux/netfilter_ipv4.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_helper.h>

/*
 * Fields inside anonymous unions have no stable name in the generated Rust
 * (__bindgen_anon_N changes with every member added): they are read by offset.
 */
static const size_t NF_SKB_MARK = offsetof(struct sk_buff, mark);
static const size_t NF_SKB_PRIORITY = offsetof(struct sk_buff, priority);
static const size_t NF_SKB_PROTOCOL = offsetof(struct sk_buff, protocol);
static const size_t NF_SKB_TSTAMP = offsetof(struct sk_buff, tstamp);
static const size_t NF_SKB_MAC_HEADER = offsetof(struct sk_buff, mac_header);
static const size_t NF_SKB_NETWORK_HEADER = offsetof(struct sk_buff, network_header);

static const size_t NF_CT_STATUS = offsetof(struct nf_conn, status);

static const size_t NF_KSYM_SYMBOL_LEN = KSYM_SYMBOL_LEN;

#include "nf_helpers.h"
