/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two halves of the netfilter crate towards each other: what
 * rust/netfilter/helpers.c gives to Rust, and what it calls there.
 */
#ifndef NF_HELPERS_H
#define NF_HELPERS_H

#include <linux/types.h>

struct net;
struct net_device;

/* C, called from Rust */
void nf_helper_table_lock(void);
void nf_helper_table_unlock(void);
int nf_helper_pernet_register(void);
bool nf_helper_may_sleep(void);
struct net *nf_helper_get_current_net(void);
void nf_helper_put_net(struct net *net);
void nf_helper_device_name(const struct net_device *dev, char *name);

/* Rust (table.rs), called from C */
int nf_table_net_init(struct net *net);
void nf_table_net_pre_exit(struct net *net);
void nf_table_free(void);

#endif
