/* SPDX-License-Identifier: MIT */
/* Connections that are inspected: in whatever pieces their bytes come, the same is asked for, and
 * the same goes on. What goes on has no other meaning: no server finds a request or a ClientHello
 * in it that wasn't asked for.
 *
 * An input is a number of bytes (1) for the pieces, the length of what the client sends (2, network
 * order), that, and what the server sends. */
#include "egress/inspect.h"

#include "../unit/inspecting.h"
#include "fuzz.h"
#include "lenient.h"

#define ASKS_MAX 512 /* above what an input of 4 KiB can ask for */

static char asked[ASKS_MAX][ALLOW_NAME_BYTES + 1];
static uint64_t asked_at[ASKS_MAX];
static size_t asks;

static void note(const struct inspecting *g)
{
	const struct asked *a = &g->inspect.says.asked;
	char name[ALLOW_NAME_BYTES + 1], *place = asked[asks];
	CHECK(asks < ASKS_MAX);
	place[0] = '\0';
	if (a->kind == ASKED_NAME) {
		CHECK(allow_read_name(a->name, strlen(a->name), name));
		CHECK(strcmp(name, a->name) == 0);
		strcpy(place, name);
	} else if (a->kind == ASKED_ADDRESS) {
		addr_text(&a->addr, place);
	}
	CHECK(asks == 0 || g->up > asked_at[asks - 1]); /* something goes on after each */
	asked_at[asks++] = g->up;
}

static struct inspecting *go(const uint8_t *client, size_t client_len, const uint8_t *server,
			     size_t server_len, size_t step)
{
	static struct inspecting g;
	g = (struct inspecting){.client = client,
				.client_len = client_len,
				.server = server,
				.server_len = server_len,
				.first = step,
				.step = step,
				.asked = note};
	asks = 0;
	inspecting_go(&g);
	return &g;
}

/* A host as a lenient server reads it, as asked would have it. */
static void normalize(const char *host, char name[ALLOW_NAME_BYTES + 1])
{
	struct addr addr;
	size_t len = host[0] == '[' ? strcspn(host + 1, "]") : strcspn(host, ":");
	const char *at = host[0] == '[' ? host + 1 : host;
	if (addr_parse(at, len, &addr)) {
		addr_text(&addr, name);
		return;
	}
	CHECK(len == 0 || allow_read_name(at, len, name));
	if (len == 0)
		name[0] = '\0';
}

/* Of each server's habits: it finds the requests that were asked for, and no others. */
static void check_requests(const uint8_t *client, size_t len)
{
	char name[ALLOW_NAME_BYTES + 1];
	for (int habits = 0; habits < LENIENT_HABITS; habits++) {
		struct lenient l = {.at = (const char *)client,
				    .end = (const char *)client + len,
				    .habits = habits};
		size_t found = 0;
		while (lenient_read(&l)) {
			CHECK(found < asks);
			normalize(l.host, name);
			CHECK(strcmp(name, asked[found]) == 0);
			found++;
		}
		CHECK(found == asks || found + 1 == asks); /* the last may not have gone on */
	}
}

/* Each run of handshake records is a ClientHello that asks for the same. */
static void check_hellos(const uint8_t *client, size_t len)
{
	char first[ALLOW_NAME_BYTES + 1];
	size_t at = 0;
	memcpy(first, asked[0], sizeof(first));
	for (int hellos = 0; at + TLS_RECORD_HEAD_BYTES <= len;) {
		if (client[at] != TLS_HANDSHAKE) {
			at += TLS_RECORD_HEAD_BYTES +
			      (size_t)(client[at + 3] << 8 | client[at + 4]);
			continue;
		}
		struct inspect i = {.kind = INSPECT_UNKNOWN};
		size_t rest = len - at < INSPECT_BYTES ? len - at : INSPECT_BYTES;
		CHECK(++hellos <= 2);
		CHECK(inspect_client(&i, client + at, rest) == INSPECT_ASKS);
		CHECK(strcmp(i.says.asked.kind == ASKED_NAME ? i.says.asked.name : "", first) == 0);
		CHECK(inspect_client(&i, client + at, rest) == INSPECT_PASS);
		at += (size_t)i.says.pass;
	}
}

/* Write a length of two bytes. Returns what is behind it. */
static uint8_t *put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

/* The least ClientHello that says the name: 61 bytes beside it. */
static void check_hello(const char *name)
{
	uint8_t hello[61 + ALLOW_NAME_BYTES] = {22, 3, 1};
	size_t len = strlen(name);
	put16(hello + 3, len + 56);
	hello[5] = 1;
	put16(hello + 7, len + 52);
	hello[9] = hello[10] = 3;
	uint8_t *at = hello + 44; /* behind the random bytes and an empty session id */
	at = put16(at, 2) + 2;
	*at = 1;
	at = put16(at + 2, len + 9) + 2;
	at = put16(at, len + 5);
	at = put16(at, len + 3) + 1;
	memcpy(put16(at, len), name, len);
	go(hello, 61 + len, (const uint8_t *)"", 0, INSPECTING_ALL);
	CHECK(asks == 1 && strcmp(asked[0], name) == 0);
}

/* What was asked for last can be asked for again. */
static void check_again(void)
{
	char name[ALLOW_NAME_BYTES + 1], request[ALLOW_NAME_BYTES + 64];
	struct addr addr;
	if (asks == 0 || asked[asks - 1][0] == '\0')
		return;
	memcpy(name, asked[asks - 1], sizeof(name));
	bool is_address = addr_parse(name, strlen(name), &addr);
	if (!is_address)
		check_hello(name);
	int len = snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: %s%s%s\r\n\r\n",
			   is_address && addr.family == 6 ? "[" : "", name,
			   is_address && addr.family == 6 ? "]" : "");
	go((const uint8_t *)request, (size_t)len, (const uint8_t *)"", 0, INSPECTING_ALL);
	CHECK(asks == 1 && strcmp(asked[0], name) == 0);
}

/* However long the same goes on, there is an end to what is held. */
static void check_limit(const uint8_t *client, size_t len)
{
	static uint8_t memory[INSPECT_BYTES];
	struct inspect i = {.kind = INSPECT_UNKNOWN};
	if (len == 0)
		return;
	for (size_t at = 0; at < sizeof(memory); at += len)
		memcpy(memory + at, client, len < sizeof(memory) - at ? len : sizeof(memory) - at);
	CHECK(inspect_client(&i, memory, sizeof(memory)) != INSPECT_MORE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char told[sizeof((struct inspecting *)0)->told];
	if (size < 3 || size > 4096)
		return -1;
	size_t step = data[0] + (size_t)1, len = (size_t)data[1] << 8 | data[2];
	const uint8_t *client = data + 3;
	if (len > size - 3)
		len = size - 3;
	const uint8_t *server = client + len;
	size_t server_len = size - 3 - len;
	strcpy(told, go(client, len, server, server_len, 1)->told);
	CHECK(strcmp(go(client, len, server, server_len, step)->told, told) == 0);
	const struct inspecting *g = go(client, len, server, server_len, INSPECTING_ALL);
	CHECK(strcmp(g->told, told) == 0);
	size_t gone = g->up < len ? (size_t)g->up : len;
	if (asks > 0 && client[0] == TLS_HANDSHAKE)
		check_hellos(client, gone);
	else if (len > 0)
		check_requests(client, gone);
	check_limit(client, len);
	check_again();
	return 0;
}
