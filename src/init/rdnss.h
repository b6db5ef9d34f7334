/* SPDX-License-Identifier: MIT */
/* The name servers in a router's advertisement: RFC 8106, section 5.1. Pure. */
#ifndef SQUASH_INIT_RDNSS_H
#define SQUASH_INIT_RDNSS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

/* The servers of the options of Neighbor Discovery (RFC 4861, section 4.6) in len bytes: up to max.
 * How many. Those that are to be forgotten (lifetime 0), and link-local ones, which mean nothing
 * without a card, are left out. What is damaged ends the list. */
size_t rdnss_parse(const uint8_t *options, size_t len, struct addr *servers, size_t max);

#endif
