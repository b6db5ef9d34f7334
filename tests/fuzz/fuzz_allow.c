/* SPDX-License-Identifier: MIT */
/* Entries of allow_net, names and addresses: what is taken, written and read again is the same; an
 * entry allows what it says; no name is what the C library takes for an address.
 *
 * An input is two lines: an entry, and what is asked for. */
#include <arpa/inet.h>
#include <stdbool.h>

#include "fuzz.h"
#include "lib/allow.h"
#include "lib/buf.h"

#define ENTRY_BYTES 300 /* of one written by write_entry */

static void check_name(const char *name)
{
	char again[ALLOW_NAME_BYTES + 1];
	struct in_addr as_number;
	struct addr a;
	size_t len = strlen(name);
	CHECK(len > 0 && len <= ALLOW_NAME_BYTES);
	CHECK(allow_read_name(name, len, again) && strcmp(name, again) == 0);
	CHECK(!addr_parse(name, len, &a) && inet_aton(name, &as_number) == 0);
}

static void check_text(const struct addr *a)
{
	char text[ADDR_TEXT_BYTES];
	struct addr again;
	addr_text(a, text);
	CHECK(strlen(text) < sizeof(text));
	CHECK(addr_parse(text, strlen(text), &again) && addr_equal(a, &again));
}

/* An IPv4 address is public if and only if all IPv6 addresses that stand for it are. */
static void check_embedded(const struct addr *a)
{
	static const uint8_t begins[][12] = {
		{0}, {[10] = 0xff, [11] = 0xff}, {0, 0x64, 0xff, 0x9b}, {0x20, 0x02}};
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		struct addr as = {.family = 6};
		memcpy(as.bytes, begins[i], sizeof(begins[i]));
		memcpy(as.bytes + (begins[i][0] == 0x20 ? 2 : 12), a->bytes, 4);
		CHECK(addr_is_public(&as) == addr_is_public(a));
		check_text(&as);
	}
}

static void check_addr(const struct addr *a)
{
	CHECK(a->family == 4 || a->family == 6);
	check_text(a);
	if (a->family == 4)
		check_embedded(a);
}

static void check_net(const struct addr_net *net)
{
	char text[ADDR_TEXT_BYTES + 4];
	struct addr_net again;
	check_addr(&net->addr);
	CHECK(net->prefix <= (net->addr.family == 4 ? 32 : 128));
	CHECK(addr_is_in(&net->addr, net));
	addr_text(&net->addr, text);
	sprintf(text + strlen(text), "/%u", net->prefix);
	CHECK(addr_parse_net(text, strlen(text), &again) && again.prefix == net->prefix);
	CHECK(addr_equal(&net->addr, &again.addr));
}

static void write_host(const struct allow *a, struct buf *out)
{
	char text[ADDR_TEXT_BYTES];
	if (a->kind == ALLOW_NET)
		buf_printf(out, a->net.addr.family == 6 ? "[%s/%u]" : "%s/%u",
			   addr_text(&a->net.addr, text), a->net.prefix);
	else if (a->kind == ALLOW_NOTHING)
		buf_add_text(out, "none");
	else
		buf_printf(out, "%s%s", a->kind == ALLOW_NAME ? "" : "*",
			   a->kind == ALLOW_BELOW ? "." : "");
	buf_add_text(out, a->name);
}

static void check_written(const struct allow *a)
{
	char text[ENTRY_BYTES];
	struct buf out = {.data = text, .cap = sizeof(text)};
	struct allow again;
	write_host(a, &out);
	if (a->port == ALLOW_PORT_ANY)
		buf_add_text(&out, ":*");
	else if (a->port != ALLOW_PORT_WEB)
		buf_printf(&out, ":%d", a->port);
	buf_add(&out, "", 1);
	CHECK(!out.full && !allow_parse(text, &again));
	CHECK(a->kind == again.kind && a->port == again.port && strcmp(a->name, again.name) == 0);
	CHECK(a->net.prefix == again.net.prefix && addr_equal(&a->net.addr, &again.net.addr));
}

static void check_entry(const struct allow *a)
{
	bool named = a->kind == ALLOW_NAME || a->kind == ALLOW_BELOW;
	uint16_t port = a->port > 0 ? (uint16_t)a->port : 443;
	CHECK(a->port >= ALLOW_PORT_WEB && a->port <= 65535);
	CHECK((a->name[0] != '\0') == named);
	if (named)
		check_name(a->name);
	if (a->kind == ALLOW_NET)
		check_net(&a->net);
	check_written(a);
	CHECK(allow_has_name(a, 1, a->name, port) ==
	      (a->kind == ALLOW_NAME || a->kind == ALLOW_ANY));
	CHECK(allow_has_addr(a, 1, &a->net.addr, port) == (a->kind == ALLOW_NET));
	CHECK(allow_has_name(a, 1, a->name, 22) ==
	      (a->kind != ALLOW_BELOW && allow_has_name(a, 1, a->name, port) &&
	       (a->port == 22 || a->port == ALLOW_PORT_ANY)));
}

/* What is asked for, of an entry or of none. */
static void check_asked(const struct allow *a, const char *text, size_t len)
{
	char name[ALLOW_NAME_BYTES + 1];
	struct addr_net net;
	struct addr addr;
	if (allow_read_name(text, len, name)) {
		check_name(name);
		size_t top = a ? strlen(a->name) : 0;
		bool has = a && allow_has_name(a, 1, name, 0);
		CHECK(!has || a->kind == ALLOW_ANY || strlen(name) >= top);
		CHECK(!has || strcmp(name + strlen(name) - top, a->name) == 0);
		CHECK(!has || (a->kind == ALLOW_NAME) == (strlen(name) == top));
		CHECK(!has || a->kind != ALLOW_BELOW || name[strlen(name) - top - 1] == '.');
	}
	if (addr_parse_net(text, len, &net))
		check_net(&net);
	if (!addr_parse(text, len, &addr))
		return;
	check_addr(&addr);
	CHECK(addr_parse_net(text, len, &net) && addr_is_in(&addr, &net));
	CHECK(!a || allow_has_addr(a, 1, &addr, 0) ==
			    (a->kind == ALLOW_NET && addr_is_in(&addr, &a->net)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct allow a;
	const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t entry_len = newline ? (size_t)(newline - data) : size;
	size_t skip = entry_len + (newline != NULL);
	char *entry = fuzz_take(entry_len + 1);
	char *asked = fuzz_copy(data + skip, size - skip);
	if (size > 0)
		memcpy(entry, data, entry_len);
	entry[entry_len] = '\0';
	const char *fault = allow_parse(entry, &a);
	CHECK(!fault || fault[0]);
	if (!fault)
		check_entry(&a);
	check_asked(fault ? NULL : &a, asked, size - skip);
	free(asked);
	free(entry);
	return 0;
}
