/* SPDX-License-Identifier: MIT */
#include "http_request.h"

#include <string.h>

/* 999 TB. Any server's number has room for that many digits. */
#define LENGTH_DIGITS 15

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ":port", or nothing. Which port it says doesn't matter. */
static bool is_port(struct http_text t)
{
	if (t.len > 0 && t.at[0] != ':')
		return false;
	for (size_t i = 1; i < t.len; i++)
		if (!is_digit(t.at[i]))
			return false;
	return true;
}

/* RFC 3986 3.2: uri-host [ ":" port ], without a user. */
static bool read_authority(struct http_text t, struct asked *a)
{
	struct http_text host = t;
	bool is_v6 = t.len > 0 && t.at[0] == '[';
	if (is_v6 && !http_take_to(&t, ']', &host))
		return false;
	if (is_v6)
		host = (struct http_text){host.at + 1, host.len - 1};
	else
		host = http_take_until(&t, ":");
	if (!is_port(t))
		return false;
	if (addr_parse(host.at, host.len, &a->addr) && (a->addr.family == 6) == is_v6)
		a->kind = ASKED_ADDRESS;
	else if (!is_v6 && allow_read_name(host.at, host.len, a->name))
		a->kind = ASKED_NAME;
	else
		return false;
	return true;
}

/* Note what the authority asks for. False if it is malformed, or differs from what was asked for
 * before. */
static bool ask(struct http_request *r, struct http_text authority)
{
	struct asked a = {.kind = ASKED_NOTHING};
	if (!read_authority(authority, &a))
		return false;
	if (r->asked.kind == ASKED_NOTHING)
		r->asked = a;
	if (r->asked.kind != a.kind)
		return false;
	return a.kind == ASKED_NAME ? strcmp(a.name, r->asked.name) == 0
				    : addr_equal(&a.addr, &r->asked.addr);
}

/* RFC 9112 3.2. The authority form is CONNECT's alone, which is refused. */
static bool read_target(struct http_request *r, struct http_text target)
{
	if (http_text_begins(target, "/") || (target.len == 1 && target.at[0] == '*'))
		return true;
	struct http_text scheme;
	if (!http_text_begins(target, "http://") && !http_text_begins(target, "https://"))
		return false;
	http_take_to(&target, '/', &scheme);
	http_take_to(&target, '/', &scheme);
	return ask(r, http_take_until(&target, "/?"));
}

static const char *read_request_line(struct http_request *r, struct http_text line)
{
	struct http_request_line first;
	if (http_text_begins(line, "PRI * HTTP/2")) /* RFC 9113 3.4 */
		return INSPECT_PROTOCOL;
	if (!http_read_request_line(line, &first))
		return INSPECT_MALFORMED;
	if (http_text_is(first.method, "connect"))
		return INSPECT_PROTOCOL;
	r->has_line = true;
	r->minor = first.minor;
	/* RFC 9110 9.3 gives a body no meaning with these, and warns of it: servers that leave it
	 * unread take it for the next request. */
	r->is_bodiless = http_text_is(first.method, "get") || http_text_is(first.method, "head") ||
			 http_text_is(first.method, "delete") ||
			 http_text_is(first.method, "trace");
	return read_target(r, first.target) ? NULL : INSPECT_MALFORMED;
}

/* A number that is written in the one way that every server reads alike. */
static bool read_length(struct http_request *r, struct http_text value)
{
	bool first = !r->has_length;
	r->has_length = true;
	return first && value.len > 0 && value.len <= LENGTH_DIGITS &&
	       (value.len == 1 || value.at[0] != '0') && http_read_length(value, &r->length);
}

/* RFC 9112 7: "chunked" alone. Its case doesn't matter to the RFC, and may to a server. */
static bool read_coding(struct http_request *r, struct http_text value)
{
	bool first = !r->has_coding;
	r->has_coding = r->is_chunked = true;
	return first && value.len == 7 && memcmp(value.at, "chunked", 7) == 0;
}

static bool is_framing(struct http_text name)
{
	return http_text_is(name, "host") || http_text_is(name, "content-length") ||
	       http_text_is(name, "transfer-encoding");
}

/* RFC 9110 7.6.1: a proxy drops the fields named here, before the server behind it sees them. */
static bool read_connection(struct http_text options)
{
	while (options.len > 0) {
		if (is_framing(http_take_until(&options, ", \t")))
			return false;
		if (options.len > 0) {
			options.at++;
			options.len--;
		}
	}
	return true;
}

static bool read_expect(struct http_request *r, struct http_text value)
{
	bool first = !r->has_expect;
	r->has_expect = true;
	return first && http_text_is(value, "100-continue");
}

static void read_upgrade(struct http_request *r, struct http_text value)
{
	bool first = r->upgrade == HTTP_UPGRADE_NONE;
	r->upgrade = first && http_text_is(value, "websocket") ? HTTP_UPGRADE_WEBSOCKET
							       : HTTP_UPGRADE_OTHER;
}

static bool read_field(struct http_request *r, struct http_text line)
{
	struct http_text name, value;
	if (!http_read_field(line, &name, &value))
		return false;
	if (http_text_is(name, "host")) {
		bool first = !r->has_host;
		r->has_host = true;
		return first && ask(r, value);
	}
	if (http_text_is(name, "content-length"))
		return read_length(r, value);
	if (http_text_is(name, "transfer-encoding"))
		return read_coding(r, value);
	if (http_text_is(name, "connection"))
		return read_connection(value);
	if (http_text_is(name, "expect"))
		return read_expect(r, value);
	if (http_text_is(name, "upgrade"))
		read_upgrade(r, value);
	return true;
}

const char *http_request_read_line(struct http_request *r, struct http_text line)
{
	if (!r->has_line)
		return read_request_line(r, line);
	return read_field(r, line) ? NULL : INSPECT_MALFORMED;
}

const char *http_request_end(const struct http_request *r)
{
	/* RFC 9112 6.1: both at once, or chunks in HTTP/1.0, are faulty. */
	if (r->is_chunked && (r->has_length || r->minor == 0))
		return INSPECT_MALFORMED;
	if (r->is_bodiless && (r->is_chunked || r->length > 0))
		return INSPECT_MALFORMED;
	return NULL;
}

bool http_request_is_trailer(struct http_text line)
{
	struct http_text name, value;
	return http_read_field(line, &name, &value) && !is_framing(name);
}
