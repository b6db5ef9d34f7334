/* SPDX-License-Identifier: MIT */
/* First bytes of connections: what a beginning is found to be, it stays with all that follows; a
 * name is one; a ClientHello and a request with that name say it again.
 *
 * An input is what a client sends. */
#include <stdbool.h>

#include "egress/sniff.h"
#include "fuzz.h"
#include "lib/buf.h"

#define PREFIXES 48 /* are tried of an input */

static enum sniff_result read_copy(const uint8_t *data, size_t size, struct sniff *s)
{
	uint8_t *copy = fuzz_copy(data, size);
	enum sniff_result result = sniff_read(copy, size, s);
	free(copy);
	return result;
}

static bool is_same(enum sniff_result result, const struct sniff *a, const struct sniff *b)
{
	if (result == SNIFF_NAME)
		return strcmp(a->name, b->name) == 0;
	return result != SNIFF_ADDRESS || addr_equal(&a->addr, &b->addr);
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
	struct sniff s;
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
	CHECK(read_copy(hello, sizeof(hello) - ALLOW_NAME_BYTES + len, &s) == SNIFF_NAME);
	CHECK(strcmp(s.name, name) == 0);
}

/* A request whose Host is that. */
static void check_request(const char *host, enum sniff_result expected, const struct sniff *same)
{
	char text[ALLOW_NAME_BYTES + 64];
	struct buf out = {.data = text, .cap = sizeof(text)};
	struct sniff s;
	buf_printf(&out, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host);
	CHECK(!out.full);
	CHECK(read_copy((const uint8_t *)text, out.len, &s) == expected);
	CHECK(is_same(expected, &s, same));
}

static void check_said(enum sniff_result result, const struct sniff *s)
{
	char text[ADDR_TEXT_BYTES], host[ADDR_TEXT_BYTES + 2], name[ALLOW_NAME_BYTES + 1];
	if (result == SNIFF_NAME) {
		CHECK(allow_read_name(s->name, strlen(s->name), name));
		CHECK(strcmp(name, s->name) == 0);
		check_hello(s->name);
		check_request(s->name, result, s);
	} else if (result == SNIFF_ADDRESS) {
		snprintf(host, sizeof(host), s->addr.family == 6 ? "[%s]" : "%s",
			 addr_text(&s->addr, text));
		check_request(host, result, s);
	}
}

/* Nothing that is one is the other. */
static void check_parts(const uint8_t *data, size_t size, enum sniff_result result)
{
	struct sniff s;
	enum sniff_result tls = sniff_tls(data, size, &s), http = sniff_http(data, size, &s);
	CHECK(size == 0 || tls == SNIFF_BAD || http == SNIFF_BAD);
	CHECK(result == tls || result == http);
	CHECK(tls != SNIFF_ADDRESS);
}

static void check_prefixes(const uint8_t *data, size_t size, enum sniff_result result,
			   const struct sniff *s)
{
	size_t step = size / PREFIXES + 1;
	for (size_t len = size % step; len < size; len += step) {
		struct sniff part;
		enum sniff_result found = read_copy(data, len, &part);
		CHECK(found == SNIFF_MORE || (found == result && is_same(result, &part, s)));
	}
}

/* What goes on to the limit in the same way is decided there. */
static void check_limit(const uint8_t *data, size_t size, enum sniff_result result)
{
	static uint8_t memory[SNIFF_BYTES];
	struct sniff s;
	for (size_t at = 0; size > 0 && at < sizeof(memory); at += size)
		memcpy(memory + at, data, size < sizeof(memory) - at ? size : sizeof(memory) - at);
	enum sniff_result last = sniff_read(memory, size > 0 ? sizeof(memory) : 0, &s);
	CHECK(size == 0 || last != SNIFF_MORE);
	CHECK(result == SNIFF_MORE || last == result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sniff s;
	if (size > SNIFF_BYTES)
		return -1;
	enum sniff_result result = read_copy(data, size, &s);
	check_said(result, &s);
	check_parts(data, size, result);
	check_prefixes(data, size, result, &s);
	check_limit(data, size, result);
	return 0;
}
