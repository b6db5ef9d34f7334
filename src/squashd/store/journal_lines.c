/* SPDX-License-Identifier: MIT */
#include "journal_lines.h"

#include <stdbool.h>
#include <string.h>

#define TAIL_BYTES 192 /* of a line: where it says whose it is, an address and a name of 63 bytes */
#define OWNERS 16384UL /* a power of two; past three quarters of it, strangers share one share */

struct owner {
	const char *name; /* borrowed from one of the lines; NULL: free */
	size_t len;
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

static struct owner *find(struct owner *owners, size_t *count, const struct numbered_line *line)
{
	size_t len;
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
	const char *name = find_owner(line, &len);
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)name[i]) * UINT64_C(1099511628211);
	for (size_t at = hash % OWNERS;; at = (at + 1) % OWNERS) {
		struct owner *o = &owners[at];
		if (o->name && o->len == len && memcmp(o->name, name, len) == 0)
			return o;
		if (o->name)
			continue;
		if (*count == OWNERS / 4 * 3)
			return &owners[OWNERS]; /* of those who found no room */
		++*count;
		*o = (struct owner){.name = name, .len = len};
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

void journal_lines_keep(struct numbered_lines *l, size_t max)
{
	static struct owner owners[OWNERS + 1];
	size_t count = 0, kept = l->count;
	memset(owners, 0, sizeof(owners));
	for (size_t i = 0; i < l->count; i++)
		find(owners, &count, &l->all[i])->bytes += l->all[i].len;
	size_t share = find_share(owners, max);
	for (size_t i = 0; i <= OWNERS; i++)
		owners[i].left = share;
	/* From the newest on; those that stay gather at the end. */
	for (size_t i = l->count; i-- > 0;) {
		struct owner *o = find(owners, &count, &l->all[i]);
		bool fits = l->all[i].len <= o->left;
		o->left = fits ? o->left - l->all[i].len : 0;
		if (fits)
			l->all[--kept] = l->all[i];
	}
	l->count -= kept;
	memmove(l->all, l->all + kept, l->count * sizeof(l->all[0]));
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
