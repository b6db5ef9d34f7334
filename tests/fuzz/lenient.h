/* SPDX-License-Identifier: MIT */
/* How an HTTP server may read a connection that takes whatever it can make sense of: lines that end
 * by LF, blanks anywhere, folded lines, several fields of one name, numbers as far as they go. */
#ifndef SQUASH_TESTS_FUZZ_LENIENT_H
#define SQUASH_TESTS_FUZZ_LENIENT_H

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>

#include "fuzz.h"

/* What servers differ in, as bits. */
enum lenient_habit {
	LENIENT_LAST_HOST = 1,     /* of several Hosts the last counts, not the first */
	LENIENT_LAST_LENGTH = 2,   /* the same for Content-Length */
	LENIENT_HOST_FIRST = 4,    /* Host counts, not the target's */
	LENIENT_NO_GET_BODY = 8,   /* GET, HEAD and DELETE have no body, whatever they say */
	LENIENT_LENGTH_FIRST = 16, /* Content-Length counts, not chunked */
	LENIENT_HABITS = 32,
};

struct lenient {
	const char *at, *end; /* borrowed: what is left to read */
	int habits;
	char host[512]; /* of the request that was read; empty: none */
};

struct lenient_head {
	char line[8192]; /* the last logical line */
	char hosts[2][512], target[8192], method[16];
	char lengths[2][32];
	bool is_chunked;
};

/* Take a line without its end and the blanks around it. False: its end isn't there. */
static inline bool lenient_line(struct lenient *l, char *line, size_t size)
{
	const char *end = memchr(l->at, '\n', (size_t)(l->end - l->at));
	if (!end)
		return false;
	const char *from = l->at, *to = end;
	l->at = end + 1;
	while (to > from && isspace((unsigned char)to[-1]))
		to--;
	size_t len = (size_t)(to - from) < size - 1 ? (size_t)(to - from) : size - 1;
	memcpy(line, from, len);
	line[len] = '\0';
	return true;
}

static inline void lenient_keep(char kept[2][512], const char *value)
{
	if (kept[0][0] == '\0')
		snprintf(kept[0], 512, "%s", value);
	snprintf(kept[1], 512, "%s", value);
}

static inline void lenient_field(struct lenient_head *h, char *line)
{
	char *value = strchr(line, ':');
	if (!value)
		return;
	*value++ = '\0';
	while (isspace((unsigned char)*line))
		line++;
	for (size_t len = strlen(line); len > 0 && isspace((unsigned char)line[len - 1]); len--)
		line[len - 1] = '\0';
	while (isspace((unsigned char)*value))
		value++;
	if (strcasecmp(line, "host") == 0)
		lenient_keep(h->hosts, value);
	else if (strcasecmp(line, "transfer-encoding") == 0)
		h->is_chunked = h->is_chunked || strcasestr(value, "chunked");
	else if (strcasecmp(line, "content-length") == 0) {
		if (h->lengths[0][0] == '\0')
			snprintf(h->lengths[0], sizeof(h->lengths[0]), "%.31s", value);
		snprintf(h->lengths[1], sizeof(h->lengths[1]), "%.31s", value);
	}
}

static inline bool lenient_head(struct lenient *l, struct lenient_head *h)
{
	char next[8192];
	do { /* empty lines before a request */
		if (!lenient_line(l, next, sizeof(next)))
			return false;
	} while (next[0] == '\0');
	*h = (struct lenient_head){.is_chunked = false};
	sscanf(next, "%15s %8191s", h->method, h->target);
	h->line[0] = '\0';
	while (lenient_line(l, next, sizeof(next))) {
		size_t len = strlen(h->line);
		if (next[0] == ' ' || next[0] == '\t') {
			snprintf(h->line + len, sizeof(h->line) - len, "%s", next);
			continue;
		}
		lenient_field(h, h->line);
		if (next[0] == '\0')
			return true;
		snprintf(h->line, sizeof(h->line), "%s", next);
	}
	return false;
}

static inline void lenient_skip(struct lenient *l, unsigned long long len)
{
	size_t left = (size_t)(l->end - l->at);
	l->at += len < left ? (size_t)len : left;
}

static inline void lenient_chunks(struct lenient *l)
{
	char line[8192];
	unsigned long long size = 1;
	while (size > 0 && lenient_line(l, line, sizeof(line))) {
		size = strtoull(line, NULL, 16);
		lenient_skip(l, size);
		if (size > 0 && !lenient_line(l, line, sizeof(line)))
			return;
	}
	while (lenient_line(l, line, sizeof(line)) && line[0] != '\0')
		;
}

/* Read the next request, whose head is there; the body is skipped as far as it is. False: there is
 * none. */
static inline bool lenient_read(struct lenient *l)
{
	static struct lenient_head h;
	if (!lenient_head(l, &h))
		return false;
	const char *host = h.hosts[l->habits & LENIENT_LAST_HOST ? 1 : 0];
	const char *target = strstr(h.target, "://");
	char *authority = target && h.target[0] != '/' ? strstr(h.target, "://") + 3 : NULL;
	if (authority)
		authority[strcspn(authority, "/?#")] = '\0';
	if (authority && (host[0] == '\0' || !(l->habits & LENIENT_HOST_FIRST)))
		host = authority;
	snprintf(l->host, sizeof(l->host), "%s", host);
	bool is_bodiless = strcasecmp(h.method, "get") == 0 || strcasecmp(h.method, "head") == 0 ||
			   strcasecmp(h.method, "delete") == 0;
	const char *length = h.lengths[l->habits & LENIENT_LAST_LENGTH ? 1 : 0];
	if (is_bodiless && l->habits & LENIENT_NO_GET_BODY)
		return true;
	if (h.is_chunked && !(length[0] != '\0' && l->habits & LENIENT_LENGTH_FIRST))
		lenient_chunks(l);
	else
		lenient_skip(l, strtoull(length, NULL, 10));
	return true;
}

#endif
