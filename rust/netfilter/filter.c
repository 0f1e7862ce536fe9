// SPDX-License-Identifier: GPL-2.0-only
/*
 * Classic BPF programs on packets, as xt_bpf runs them.
 */
#include <linux/filter.h>
#include <linux/skbuff.h>

#include "nf_helpers.h"

int nf_helper_filter_create(struct sock_filter *program, u16 len, struct bpf_prog **filter)
{
	struct sock_fprog_kern fprog = { .len = len, .filter = program };

	return bpf_prog_create(filter, &fprog);
}

/*
 * A program must stay on its CPU, which a hook at LOCAL_OUT need not. Loads
 * begin at the packet's data: everywhere its network header, but at a device's
 * egress its link layer header, which is hidden for the time of the run. (A
 * packet whose network header is not linear there matches nothing: none is
 * made so.) The program itself changes nothing: a classic one cannot.
 */
u32 nf_helper_filter_run(const struct bpf_prog *filter, struct sk_buff *skb)
{
	int link_layer = skb_network_offset(skb);
	u32 result;

	if (link_layer <= 0)
		return bpf_prog_run_pin_on_cpu(filter, skb);

	if (link_layer > skb_headlen(skb))
		return 0;

	__skb_pull(skb, link_layer);
	result = bpf_prog_run_pin_on_cpu(filter, skb);
	__skb_push(skb, link_layer);
	return result;
}
