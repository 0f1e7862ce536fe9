/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NF_BENCH_H
#define NF_BENCH_H

#include <linux/types.h>

/* What the hook bodies look for in the driver's packets. */
#define BENCH_PORT 53
#define BENCH_PREFIX 0x0a090000 /* 10.9.0.0/16 */
#define BENCH_MASK 0xffff0000
#define BENCH_TTL 63
#define BENCH_NEEDLE "NEEDLE42"
#define BENCH_NEEDLE_LEN 8

/* The parameter `body` of nf_bench_c and nf_bench_rust. */
enum bench_body {
	BENCH_ACCEPT,
	BENCH_UDP_PORT,
	BENCH_PREFIX_DROP,
	BENCH_TCP_FLAGS,
	BENCH_CT_STATE,
	BENCH_SEARCH,
	BENCH_SET_TTL,
};

#endif
