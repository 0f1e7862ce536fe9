// SPDX-License-Identifier: GPL-2.0-only
/*
 * What conntrack.rs reads of a connection's entry. By inline functions only:
 * nf_conntrack need not be loaded for a module that uses them.
 *
 * The caller has a reference on the entry, by way of its packet. Other CPUs
 * change status and mark at any time. The tuples of an entry that is in the
 * table do not change. Before that it is the packet's own, whose hooks (NAT)
 * write them, one after the other; should two packets share such an entry (a
 * clone of the first), a mix of old and new may be read, and nothing worse.
 */
#include <linux/rcupdate.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_conntrack_tuple.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "nf_helpers.h"

u32 nf_helper_ct_mark(const struct nf_conn *ct)
{
#ifdef CONFIG_NF_CONNTRACK_MARK
	return READ_ONCE(ct->mark);
#else
	return 0;
#endif
}

/* The zone does not change; that of a template may be "the packet's mark". */
u16 nf_helper_ct_zone(const struct nf_conn *ct, bool reply, u32 packet_mark)
{
	struct nf_conntrack_zone zone = *nf_ct_zone(ct);

	if (zone.flags & NF_CT_FLAG_MARK)
		zone.id = packet_mark;
	return nf_ct_zone_id(&zone, reply ? IP_CT_DIR_REPLY : IP_CT_DIR_ORIGINAL);
}

/* What may be different while the packet has the same entry, or another in the same place. */
u64 nf_helper_ct_label(const struct nf_conn *ct)
{
	u64 label = (u64)nf_ct_zone(ct)->id << 32 | nf_helper_ct_mark(ct);

	return nf_ct_is_template(ct) ? ~label : label;
}

void nf_helper_ct_tuple(const struct nf_conn *ct, bool reply, struct nf_helper_tuple *copy)
{
	const struct nf_conntrack_tuple *tuple =
		&ct->tuplehash[reply ? IP_CT_DIR_REPLY : IP_CT_DIR_ORIGINAL].tuple;

	memcpy(copy->source, &tuple->src.u3, sizeof(copy->source));
	memcpy(copy->destination, &tuple->dst.u3, sizeof(copy->destination));
	copy->ipv4 = tuple->src.l3num == AF_INET;
	copy->protocol = tuple->dst.protonum;
	copy->source_port = ntohs(tuple->src.u.all);
	copy->destination_port = ntohs(tuple->dst.u.all);
	copy->icmp_type = tuple->dst.u.icmp.type;
	copy->icmp_code = tuple->dst.u.icmp.code;
}

/*
 * Copies the name into a buffer of NF_CT_HELPER_NAME_LEN bytes; empty for none.
 * An entry that is not yet in the table may have its extensions moved (by NAT,
 * say): then only if this packet is the only one that has it.
 */
void nf_helper_ct_helper(const struct nf_conn *ct, char *name)
{
	const struct nf_conntrack_helper *helper = NULL;

	rcu_read_lock();
	if (nf_ct_is_confirmed(ct) || refcount_read(&ct->ct_general.use) == 1) {
		const struct nf_conn_help *help = nfct_help(ct);

		helper = help ? rcu_dereference(help->helper) : NULL;
	}
	if (helper)
		memcpy(name, helper->name, NF_CT_HELPER_NAME_LEN);
	else
		name[0] = '\0';
	rcu_read_unlock();
}
