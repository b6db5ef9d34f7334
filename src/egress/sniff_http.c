/* SPDX-License-Identifier: MIT */
/* A request's head is read to its end: a second Host may be the last line of it. What two servers
 * could read in two ways is bad (lib/http_head.h), and so are empty lines before the request. */
#include <stdbool.h>
#include <string.h>

#include "lib/http_head.h"
#include "sniff.h"

struct request {
	enum sniff_result says; /* SNIFF_NONE until it says a name or an address */
	struct sniff what;
	bool has_host;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ":port", or nothing. Which port it says is not of interest. */
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
static enum sniff_result read_authority(struct http_text t, struct sniff *s)
{
	struct http_text host = t;
	bool is_v6 = t.len > 0 && t.at[0] == '[';
	if (is_v6 && !http_take_to(&t, ']', &host))
		return SNIFF_BAD;
	if (is_v6)
		host = (struct http_text){host.at + 1, host.len - 1};
	else
		host = http_take_until(&t, ":");
	if (!is_port(t))
		return SNIFF_BAD;
	if (addr_parse(host.at, host.len, &s->addr) && (s->addr.family == 6) == is_v6)
		return SNIFF_ADDRESS;
	return !is_v6 && allow_read_name(host.at, host.len, s->name) ? SNIFF_NAME : SNIFF_BAD;
}

/* Take what the authority says; false if it says nothing good, or other than was said before. */
static bool say(struct request *r, struct http_text authority)
{
	struct sniff s;
	enum sniff_result says = read_authority(authority, &s);
	if (says == SNIFF_BAD || (r->says != SNIFF_NONE && r->says != says))
		return false;
	if (r->says == SNIFF_NAME)
		return strcmp(r->what.name, s.name) == 0;
	if (r->says == SNIFF_ADDRESS)
		return addr_equal(&r->what.addr, &s.addr);
	r->says = says;
	r->what = s;
	return true;
}

/* RFC 9112 3.2. The authority form is CONNECT's alone: a tunnel to who knows where. */
static bool read_target(struct http_text target, struct request *r)
{
	if (http_text_begins(target, "/") || (target.len == 1 && target.at[0] == '*'))
		return true;
	struct http_text scheme;
	if (!http_text_begins(target, "http://") && !http_text_begins(target, "https://"))
		return false;
	http_take_to(&target, '/', &scheme);
	http_take_to(&target, '/', &scheme);
	return say(r, http_take_until(&target, "/?"));
}

static bool read_request_line(struct http_text line, struct request *r)
{
	struct http_request_line first;
	return http_read_request_line(line, &first) && read_target(first.target, r);
}

static bool read_field(struct http_text line, struct request *r)
{
	struct http_text name, value;
	if (!http_read_field(line, &name, &value))
		return false;
	if (!http_text_is(name, "host"))
		return true;
	bool first = !r->has_host;
	r->has_host = true;
	return first && say(r, value);
}

enum sniff_result sniff_http(const uint8_t *bytes, size_t len, struct sniff *s)
{
	struct http_text head = {(const char *)bytes, len}, line = {NULL, 0};
	struct request r = {.says = SNIFF_NONE};
	bool good = true;
	for (size_t lines = 0; good && (lines == 0 || line.len > 0); lines++) {
		enum http_line_result there = http_take_line(&head, &line);
		if (there == HTTP_LINE_MORE)
			return len < SNIFF_BYTES ? SNIFF_MORE : SNIFF_BAD;
		if (there == HTTP_LINE_BAD)
			return SNIFF_BAD;
		if (lines == 0)
			good = read_request_line(line, &r);
		else if (line.len > 0)
			good = read_field(line, &r);
	}
	if (!good)
		return SNIFF_BAD;
	*s = r.what;
	return r.says;
}
