/* SPDX-License-Identifier: MIT */
/* A connection that is inspected (egress/inspect.h), from its first byte to where it can't go
 * on. */
#ifndef SQUASH_TESTS_UNIT_INSPECTING_H
#define SQUASH_TESTS_UNIT_INSPECTING_H

#include <stdio.h>

#include "egress/inspect.h"
#include "exact.h"
#include "tap.h"

#define INSPECTING_ALL SIZE_MAX

struct inspecting {
	const uint8_t *client, *server; /* what each side sends, borrowed */
	size_t client_len, server_len;
	size_t first,
		step; /* bytes that are there at first, and that come whenever more are needed */

	struct inspect inspect;
	uint64_t up, down; /* bytes that have gone on, or may */
	size_t client_there, server_there;
	enum inspect_verdict end; /* MORE or ANSWER: nothing else will come */
	size_t asks;
	uint64_t asked_at;                        /* bytes that had gone on by the last */
	void (*asked)(const struct inspecting *); /* called at each; NULL: nobody wants it */
	char told[16384]; /* asks as "name@bytes ", then "up>bytes down<bytes " and the end */
};

static inline void inspecting_tell_asked(struct inspecting *g)
{
	const struct asked *a = &g->inspect.says.asked;
	char addr[ADDR_TEXT_BYTES];
	size_t at = strlen(g->told);
	const char *name = a->kind == ASKED_NAME      ? a->name
			   : a->kind == ASKED_ADDRESS ? addr_text(&a->addr, addr)
						      : "-";
	g->asks++;
	g->asked_at = g->up;
	snprintf(g->told + at, sizeof(g->told) - at, "%s@%llu ", name, (unsigned long long)g->up);
	if (g->asked)
		g->asked(g);
}

/* Bytes of one side that come next: those that have gone on are there, whether shown or not. False:
 * no more can come. */
static inline bool inspecting_more(size_t *there, size_t len, uint64_t gone, size_t step)
{
	size_t left = len - *there;
	if (left == 0 || *there - gone >= INSPECT_BYTES)
		return false;
	*there += step < left ? step : left;
	return true;
}

static inline void inspecting_skip(size_t *there, size_t len, uint64_t gone)
{
	if (gone > *there)
		*there = gone < len ? (size_t)gone : len;
}

/* A copy of the bytes that are there and haven't gone on, as many as are shown at once, *held. The
 * caller frees it. */
static inline uint8_t *inspecting_hold(const uint8_t *sent, size_t len, size_t there, uint64_t gone,
				       size_t *held)
{
	size_t at = gone < len ? (size_t)gone : len;
	*held = there - at < INSPECT_BYTES ? there - at : INSPECT_BYTES;
	return exact_copy(sent + at, *held);
}

static inline enum inspect_verdict inspecting_client(struct inspecting *g)
{
	size_t held;
	uint8_t *copy = inspecting_hold(g->client, g->client_len, g->client_there, g->up, &held);
	enum inspect_verdict v = inspect_client(&g->inspect, copy, held);
	free(copy);
	if (v == INSPECT_MORE && held == INSPECT_BYTES)
		abort(); /* nobody could go on */
	return v;
}

static inline enum inspect_verdict inspecting_server(struct inspecting *g)
{
	size_t held;
	uint8_t *copy = inspecting_hold(g->server, g->server_len, g->server_there, g->down, &held);
	enum inspect_verdict v = held > 0 ? inspect_server(&g->inspect, copy, held) : INSPECT_MORE;
	free(copy);
	return v;
}

/* The client can't go on by itself. Whether the server has said something. */
static inline bool inspecting_listen(struct inspecting *g, enum inspect_verdict stuck)
{
	g->end = stuck;
	while (inspect_listens(&g->inspect)) {
		enum inspect_verdict v = inspecting_server(g);
		if (v == INSPECT_MORE &&
		    inspecting_more(&g->server_there, g->server_len, g->down, g->step))
			continue;
		if (v == INSPECT_PASS) {
			g->down += g->inspect.says.pass;
			inspecting_skip(&g->server_there, g->server_len, g->down);
		}
		if (v == INSPECT_BAD)
			g->end = v;
		return v == INSPECT_PASS || v == INSPECT_FREE;
	}
	return false;
}

/* Goes as far as it can. The fields up to step are set, asked may be; the others are zero. Returns
 * told. */
static inline const char *inspecting_go(struct inspecting *g)
{
	static const char *const ends[] = {
		[INSPECT_MORE] = "more", [INSPECT_ANSWER] = "answer", [INSPECT_FREE] = "free"};
	bool goes = true;
	inspecting_more(&g->client_there, g->client_len, 0, g->first);
	inspecting_more(&g->server_there, g->server_len, 0, g->first);
	while (goes) {
		enum inspect_verdict v = inspecting_client(g);
		g->end = v;
		if (v == INSPECT_ASKS)
			inspecting_tell_asked(g);
		else if (v == INSPECT_PASS)
			g->up += g->inspect.says.pass;
		else if (v == INSPECT_MORE)
			goes = inspecting_more(&g->client_there, g->client_len, g->up, g->step) ||
			       inspecting_listen(g, v);
		else
			goes = v == INSPECT_ANSWER && inspecting_listen(g, v);
		inspecting_skip(&g->client_there, g->client_len, g->up);
	}
	size_t at = strlen(g->told);
	snprintf(g->told + at, sizeof(g->told) - at, "up>%llu down<%llu %s",
		 (unsigned long long)g->up, (unsigned long long)g->down,
		 g->end == INSPECT_BAD ? g->inspect.says.reason : ends[g->end]);
	return g->told;
}

/* What is told of these bytes when they are there at once, come one by one, and in two parts each;
 * long ones in some. NULL, with a note, if that isn't always the same. */
static inline const char *inspecting_tell(const void *client, size_t client_len, const void *server,
					  size_t server_len)
{
	static struct inspecting whole, split;
	size_t longer = client_len > server_len ? client_len : server_len;
	whole = (struct inspecting){.client = client,
				    .client_len = client_len,
				    .server = server,
				    .server_len = server_len,
				    .first = INSPECTING_ALL,
				    .step = INSPECTING_ALL};
	split = whole;
	inspecting_go(&whole);
	for (size_t first = 0; first <= longer; first += 1 + longer / 2000) {
		struct inspecting start = split;
		split.first = first;
		split.step = first > 0 ? INSPECTING_ALL : 1;
		bool same = strcmp(inspecting_go(&split), whole.told) == 0;
		if (!same) {
			tap_note("%zu bytes first: %s, not %s", first, split.told, whole.told);
			return NULL;
		}
		split = start;
	}
	return whole.told;
}

#endif
