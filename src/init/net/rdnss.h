/* SPDX-License-Identifier: MIT */
/* The name servers in a router's advertisements: RFC 8106, section 5.1. Pure. */
#ifndef SQUASH_INIT_NET_RDNSS_H
#define SQUASH_INIT_NET_RDNSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

#define RDNSS_MAX 3 /* resolvers read no more: MAXNS */

/* What a card has been told so far; all zeroes: nothing. */
struct rdnss {
	struct addr servers[RDNSS_MAX]; /* in the order in which they came; behind them family 0 */
	uint64_t until_ms[RDNSS_MAX];   /* when each is to be forgotten; UINT64_MAX: never */
};

/* Take in the options of Neighbor Discovery (RFC 4861, section 4.6) in len bytes. The kernel passes
 * on each by itself, so that others than those of servers, and servers that these don't name,
 * change nothing. Link-local servers, which mean nothing without a card, and more than there is
 * room for are passed over; what is damaged ends the options. What is to be forgotten by now_ms
 * goes. True: other servers are left than before. */
bool rdnss_take(struct rdnss *r, const uint8_t *options, size_t len, uint64_t now_ms);

#endif
