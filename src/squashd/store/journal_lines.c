/* SPDX-License-Identifier: MIT */
#include "journal_lines.h"

#include <stdbool.h>
#include <string.h>

#include "lib/addr.h"

#define TAIL_BYTES 192 /* of a line: where it says whose it is, an address and a name of 63 bytes */
#define OWNERS 16384UL /* a power of two; past three quarters of it, strangers share one share */

#define NAME_BYTES 64 /* an address or a token's name */

struct owner {
	char name[NAME_BYTES];
	size_t len;
	bool is_taken;
	size_t bytes; /* of all lines */
	size_t left;  /* of its share */
};

/* The last place of the text in the line's end; NULL: it isn't there. */
static const char *find_last(const char *line, size_t len, const char *text)
{
	size_t n = strlen(text);
	const char *first = len > TAIL_BYTES ? line + len - TAIL_BYTES : line;
	for (const char *at = line + len - n; at >= first; at--)
		if (memcmp(at, text, n) == 0)
			return at;
	return NULL;
}

/* Every line ends with its "client" and its "token"; where both are null, an "of" may be before
 * them. In what stands before these, quotes are escaped: nobody can write them into a command. */
static const char *find_owner(const struct numbered_line *line, size_t *len)
{
	static const char *const keys[] = {",\"token\":\"", ",\"client\":\"", ",\"of\":\""};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *at = find_last(line->text, line->len, keys[i]);
		if (!at)
			continue;
		at += strlen(keys[i]);
		size_t rest = (size_t)(line->text + line->len - at);
		const char *end = memchr(at, '"', rest);
		*len = end ? (size_t)(end - at) : rest;
		return at;
	}
	*len = 0;
	return "";
}

/* Whoever has an IPv6 address has a /64 of them: they are one owner. */
static size_t copy_name(const char *name, size_t len, char out[NAME_BYTES])
{
	struct addr address;
	if (addr_parse(name, len, &address) && address.family == 6) {
		name = (const char *)address.bytes;
		len = 8;
	}
	len = len < NAME_BYTES ? len : NAME_BYTES;
	memcpy(out, name, len);
	return len;
}

static struct owner *find(struct owner *owners, size_t *count, const struct numbered_line *line)
{
	char name[NAME_BYTES];
	size_t len;
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
	const char *at_line = find_owner(line, &len);
	len = copy_name(at_line, len, name);
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)name[i]) * UINT64_C(1099511628211);
	for (size_t at = hash % OWNERS;; at = (at + 1) % OWNERS) {
		struct owner *o = &owners[at];
		if (o->is_taken && o->len == len && memcmp(o->name, name, len) == 0)
			return o;
		if (o->is_taken)
			continue;
		if (*count == OWNERS / 4 * 3)
			return &owners[OWNERS]; /* of those who found no room */
		++*count;
		*o = (struct owner){.len = len, .is_taken = true};
		memcpy(o->name, name, len);
		return o;
	}
}

/* The largest share of which all together take max bytes at most. */
static size_t find_share(const struct owner *owners, size_t max)
{
	size_t least = 0, most = max;
	while (least < most) {
		size_t share = least + (most - least + 1) / 2, sum = 0;
		for (size_t i = 0; i <= OWNERS; i++)
			sum += owners[i].bytes < share ? owners[i].bytes : share;
		if (sum <= max)
			least = share;
		else
			most = share - 1;
	}
	return least;
}

/* Mark those that are in their owner's share, from the newest on. The bytes of these. */
static size_t mark_shares(struct numbered_lines *l, struct owner *owners, size_t *count)
{
	size_t bytes = 0;
	for (size_t i = l->count; i-- > 0;) {
		struct numbered_line *line = &l->all[i];
		struct owner *o = find(owners, count, line);
		line->marked = line->len <= o->left;
		o->left = line->marked ? o->left - line->len : 0;
		bytes += line->marked ? line->len : 0;
	}
	return bytes;
}

/* Where there are so many owners that a share is less than a line: the newest that fit. */
static void mark_newest(struct numbered_lines *l, size_t left)
{
	for (size_t i = l->count; i-- > 0;) {
		struct numbered_line *line = &l->all[i];
		if (line->marked)
			continue;
		if (line->len > left)
			return;
		line->marked = true;
		left -= line->len;
	}
}

void journal_lines_keep(struct numbered_lines *l, size_t max)
{
	static struct owner owners[OWNERS + 1];
	size_t count = 0, kept = 0;
	memset(owners, 0, sizeof(owners));
	for (size_t i = 0; i < l->count; i++)
		find(owners, &count, &l->all[i])->bytes += l->all[i].len;
	size_t share = find_share(owners, max);
	for (size_t i = 0; i <= OWNERS; i++)
		owners[i].left = share;
	mark_newest(l, max - mark_shares(l, owners, &count));
	for (size_t i = 0; i < l->count; i++)
		if (l->all[i].marked)
			l->all[kept++] = l->all[i];
	l->count = kept;
}

void journal_lines_page(const struct numbered_lines *l, uint64_t after, uint64_t limit,
			struct buf *out)
{
	uint64_t count = 0;
	bool unnumbered = false;
	for (size_t i = l->count; i-- > 0;) {
		const struct numbered_line *line = &l->all[i];
		if (after > 0 && line->number >= after)
			continue;
		if (count == limit && !unnumbered)
			return;
		unnumbered = line->number == 0;
		count += !unnumbered;
		buf_add(out, line->text, line->len);
	}
}
