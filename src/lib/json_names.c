/* SPDX-License-Identifier: MIT */
/* Finding duplicate member names in worst-case linear time: a PATRICIA tree over their bits.
 *
 * A walk down the tree looks at ever later bits of the name, each at most once, so it is bounded by
 * the name's own length: no choice of names makes it slow, and there is no hash to be seeded.
 *
 * Names may be prefixes of each other and may hold NULs, so each byte counts as nine bits: one
 * that says that the name has this byte, then the byte's own, the highest first. Bits are counted
 * from 1. Source: D. R. Morrison, "PATRICIA", Journal of the ACM 15 (1968). */
#include "json_part.h"

#define BITS_PER_BYTE 9

static unsigned name_bit(const struct json_member *m, size_t bit)
{
	size_t byte = (bit - 1) / BITS_PER_BYTE;
	size_t n = (bit - 1) % BITS_PER_BYTE;
	if (byte >= m->value.key_len)
		return 0;
	return n == 0 ? 1 : (unsigned)(uint8_t)m->value.key[byte] >> (8 - n) & 1;
}

/* The first bit in which two names differ; 0 if they are equal. */
static size_t first_difference(const struct json_value *a, const struct json_value *b)
{
	size_t common = a->key_len < b->key_len ? a->key_len : b->key_len;
	size_t i = 0;
	while (i < common && a->key[i] == b->key[i])
		i++;
	size_t bit = BITS_PER_BYTE * i + 1;
	if (i == common)
		return a->key_len == b->key_len ? 0 : bit;
	unsigned differing = (uint8_t)a->key[i] ^ (uint8_t)b->key[i];
	for (unsigned mask = 0x80; !(differing & mask); mask >>= 1)
		bit++;
	return bit + 1;
}

bool json_names_add(struct json_member **root, struct json_member *m)
{
	if (!*root) {
		m->bit = 0;
		m->side[0] = m;
		m->side[1] = m; /* never followed: there is no bit 0 */
		*root = m;
		return true;
	}

	/* All names below a node have the bits before the node's in common; so once the tree asks
	 * for bits behind this name's end, one name there is as good to compare with as another. */
	size_t end = BITS_PER_BYTE * m->value.key_len + 1;
	const struct json_member *above = *root;
	const struct json_member *at = above->side[0];
	while (at->bit > above->bit && at->bit <= end) {
		above = at;
		at = at->side[name_bit(m, at->bit)];
	}
	m->bit = first_difference(&m->value, &at->value);
	if (m->bit == 0)
		return false;

	size_t bit = 0;
	struct json_member **link = &(*root)->side[0];
	while ((*link)->bit > bit && (*link)->bit < m->bit) {
		bit = (*link)->bit;
		link = &(*link)->side[name_bit(m, bit)];
	}
	unsigned own = name_bit(m, m->bit);
	m->side[own] = m;
	m->side[!own] = *link;
	*link = m;
	return true;
}
