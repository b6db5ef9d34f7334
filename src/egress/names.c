/* SPDX-License-Identifier: MIT */
/* Entry i's addresses are FIRST + i, and as many entries further on each time it changes its name,
 * in a circle. */
#include "names.h"

#include <arpa/inet.h>
#include <string.h>

#define FIRST (EGRESS_RESOLVER + 1u)
#define LAST ((EGRESS_NET | ~EGRESS_NET_MASK) - 1u) /* then the broadcast address, as it looks */
#define ROUNDS ((LAST - FIRST + 1) / EGRESS_NAMES)

void names_init(struct names *n, uint32_t seed)
{
	name_index_init(&n->index, n->entries, n->heads, EGRESS_NAMES, seed);
	/* What was told by an egress that died means another name as rarely as can be. */
	for (uint32_t i = 0; i < EGRESS_NAMES; i++)
		n->rounds[i] = (uint8_t)((seed ^ i) % ROUNDS);
}

static uint32_t address_of(const struct names *n, int number)
{
	return FIRST + (uint32_t)number + n->rounds[number] * (uint32_t)EGRESS_NAMES;
}

static uint32_t host_order(const struct addr *a)
{
	uint32_t net;
	memcpy(&net, a->bytes, sizeof(net));
	return ntohl(net);
}

void names_give(struct names *n, const char *name, struct addr *a)
{
	int number = name_index_find(&n->index, name);
	if (number < 0) {
		number = name_index_add(&n->index, name);
		n->rounds[number] = (uint8_t)((n->rounds[number] + 1) % ROUNDS);
	}
	uint32_t net = htonl(address_of(n, number));
	*a = (struct addr){.family = 4};
	memcpy(a->bytes, &net, sizeof(net));
}

int names_hold(struct names *n, const struct addr *a)
{
	uint32_t address = host_order(a);
	if (!names_is_synthetic(a) || address < FIRST || address > LAST)
		return -1;
	int number = (int)((address - FIRST) % EGRESS_NAMES);
	if (n->entries[number].name[0] == '\0' || address_of(n, number) != address)
		return -1;
	name_index_hold(&n->index, number);
	return number;
}

const char *names_text(const struct names *n, int number)
{
	return n->entries[number].name;
}

void names_release(struct names *n, int number)
{
	name_index_release(&n->index, number);
}

bool names_is_synthetic(const struct addr *a)
{
	return a->family == 4 && (host_order(a) & EGRESS_NET_MASK) == EGRESS_NET;
}
