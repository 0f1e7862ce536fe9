// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is registered at a point: what chain.rs reads of the core's chains and of
 * those who own their hooks. No symbol of a module is used, so nothing of it
 * need be loaded. All under rcu_read_lock(); all that is returned is valid
 * until it ends: nfnetlink_hook reads the same in the same way.
 */
#include <linux/bpf.h>
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_tables.h>

#include "nf_helpers.h"

/* NULL where nothing is registered, or the kernel does not have the family. */
const struct nf_hook_entries *nf_helper_chain(const struct net *net, u8 pf, unsigned int hooknum)
{
	switch (pf) {
	case NFPROTO_IPV4:
		return hooknum < ARRAY_SIZE(net->nf.hooks_ipv4) ?
			rcu_dereference(net->nf.hooks_ipv4[hooknum]) : NULL;
	case NFPROTO_IPV6:
		return hooknum < ARRAY_SIZE(net->nf.hooks_ipv6) ?
			rcu_dereference(net->nf.hooks_ipv6[hooknum]) : NULL;
#ifdef CONFIG_NETFILTER_FAMILY_ARP
	case NFPROTO_ARP:
		return hooknum < ARRAY_SIZE(net->nf.hooks_arp) ?
			rcu_dereference(net->nf.hooks_arp[hooknum]) : NULL;
#endif
#ifdef CONFIG_NETFILTER_FAMILY_BRIDGE
	case NFPROTO_BRIDGE:
		return hooknum < ARRAY_SIZE(net->nf.hooks_bridge) ?
			rcu_dereference(net->nf.hooks_bridge[hooknum]) : NULL;
#endif
	default:
		return NULL;
	}
}

const struct nf_hook_entries *nf_helper_chain_ingress(const struct net_device *dev)
{
#ifdef CONFIG_NETFILTER_INGRESS
	return rcu_dereference(dev->nf_hooks_ingress);
#else
	return NULL;
#endif
}

const struct nf_hook_entries *nf_helper_chain_egress(const struct net_device *dev)
{
#ifdef CONFIG_NETFILTER_EGRESS
	return rcu_dereference(dev->nf_hooks_egress);
#else
	return NULL;
#endif
}

/*
 * The ops at place *index or, where a hook has been removed and the core could
 * not shrink the array, at the next that has any; *index is then behind it.
 * What stands in for a removed hook is an ops without a family, which nothing
 * can be registered with.
 */
const struct nf_hook_ops *nf_helper_chain_next(const struct nf_hook_entries *chain, unsigned int *index)
{
	struct nf_hook_ops **all = nf_hook_entries_get_hook_ops(chain);

	while (*index < chain->num_hook_entries) {
		const struct nf_hook_ops *ops = READ_ONCE(all[(*index)++]);

		if (ops->pf != NFPROTO_UNSPEC)
			return ops;
	}
	return NULL;
}

u8 nf_helper_hook_type(const struct nf_hook_ops *ops)
{
	return ops->hook_ops_type;
}

/* For NF_HOOK_OP_NAT: the chain that the hook walks. */
const struct nf_hook_entries *nf_helper_hook_nat(const struct nf_hook_ops *ops)
{
	const struct nf_nat_lookup_hook_priv *priv = ops->priv;

	return rcu_dereference(priv->entries);
}

/*
 * For NF_HOOK_OP_NF_TABLES. nf_tables takes a chain's hooks off, waits a grace
 * period, and only then frees the chain, its name, and its table with name. A
 * name that a rename has replaced is freed after a grace period too.
 */
struct nf_helper_nft nf_helper_hook_chain(const struct nf_hook_ops *ops)
{
	const struct nft_chain *chain = ops->priv;

	return (struct nf_helper_nft) {
		.family = chain->table->family,
		.table = chain->table->name,
		.name = READ_ONCE(chain->name),
	};
}

/* For NF_HOOK_OP_NFT_FT, freed as chains are. */
struct nf_helper_nft nf_helper_hook_flowtable(const struct nf_hook_ops *ops)
{
	const struct nf_flowtable *data = ops->priv;
	const struct nft_flowtable *flowtable = container_of(data, struct nft_flowtable, data);

	return (struct nf_helper_nft) {
		.family = flowtable->table->family,
		.table = flowtable->table->name,
		.name = flowtable->name,
	};
}

/* For NF_HOOK_OP_BPF: the link puts its program a grace period after it has taken the hook off. */
u32 nf_helper_hook_bpf_id(const struct nf_hook_ops *ops)
{
	const struct bpf_prog *prog = ops->priv;

	return READ_ONCE(prog->aux->id);
}

bool nf_helper_hook_is_ours(const struct nf_hook_ops *ops)
{
	return within_module((unsigned long)ops->hook, THIS_MODULE);
}

/*
 * Writes `name` or `name [module]` into a buffer of KSYM_SYMBOL_LEN bytes, or
 * nothing where the function has no name: sprint_symbol() gives its address
 * then, which is nobody's business.
 */
void nf_helper_hook_symbol(const struct nf_hook_ops *ops, char *symbol)
{
	sprint_symbol_no_offset(symbol, (unsigned long)ops->hook);
	if (strstarts(symbol, "0x"))
		symbol[0] = '\0';
}
