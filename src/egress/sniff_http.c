/* SPDX-License-Identifier: MIT */
/* A request's head is read to its end: a second Host may be the last line of it. What two servers
 * could read in two ways is bad, where RFC 9112 leaves it to them: lines that end by LF alone, bare
 * CRs, folded lines, blanks before a colon, empty lines before the request. */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "sniff.h"

struct text {
	const char *at;
	size_t len;
};

struct request {
	enum sniff_result says; /* SNIFF_NONE until it says a name or an address */
	struct sniff what;
	bool has_host;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_control(char c)
{
	return ((uint8_t)c < ' ' && c != '\t') || c == 0x7f;
}

/* RFC 9110 5.6.2. */
static bool is_token(struct text t)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	for (size_t i = 0; i < t.len; i++) {
		char c = t.at[i];
		char letter = (char)(c | 0x20);
		if (!is_digit(c) && (letter < 'a' || letter > 'z') &&
		    !memchr(others, c, sizeof(others) - 1))
			return false;
	}
	return t.len > 0;
}

/* Take what stands before the first of the bytes in ends, or all. */
static struct text take_until(struct text *from, const char *ends)
{
	struct text part = {from->at, 0};
	while (from->len > 0 && !strchr(ends, from->at[0])) {
		from->at++;
		from->len--;
		part.len++;
	}
	return part;
}

/* The same for one byte, which must be there, and is taken, too. */
static bool take_to(struct text *from, char end, struct text *part)
{
	*part = take_until(from, (char[]){end, '\0'});
	if (from->len == 0)
		return false;
	from->at++;
	from->len--;
	return true;
}

/* SNIFF_NONE: line is the next one, without its end; or SNIFF_MORE, SNIFF_BAD. */
static enum sniff_result take_line(struct text *head, struct text *line)
{
	size_t len = 0;
	while (len < head->len && !is_control(head->at[len]))
		len++;
	if (len == head->len || (len + 1 == head->len && head->at[len] == '\r'))
		return SNIFF_MORE;
	if (head->at[len] != '\r' || head->at[len + 1] != '\n')
		return SNIFF_BAD;
	*line = (struct text){head->at, len};
	head->at += len + 2;
	head->len -= len + 2;
	return SNIFF_NONE;
}

/* ":port", or nothing. Which port it says is not of interest. */
static bool is_port(struct text t)
{
	if (t.len > 0 && t.at[0] != ':')
		return false;
	for (size_t i = 1; i < t.len; i++)
		if (!is_digit(t.at[i]))
			return false;
	return true;
}

/* RFC 3986 3.2: uri-host [ ":" port ], without a user. */
static enum sniff_result read_authority(struct text t, struct sniff *s)
{
	struct text host = t;
	bool is_v6 = t.len > 0 && t.at[0] == '[';
	if (is_v6 && !take_to(&t, ']', &host))
		return SNIFF_BAD;
	if (is_v6)
		host = (struct text){host.at + 1, host.len - 1};
	else
		host = take_until(&t, ":");
	if (!is_port(t))
		return SNIFF_BAD;
	if (addr_parse(host.at, host.len, &s->addr) && (s->addr.family == 6) == is_v6)
		return SNIFF_ADDRESS;
	return !is_v6 && allow_read_name(host.at, host.len, s->name) ? SNIFF_NAME : SNIFF_BAD;
}

/* Take what the authority says; false if it says nothing good, or other than was said before. */
static bool say(struct request *r, struct text authority)
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

static bool begins_with(struct text t, const char *begin)
{
	size_t len = strlen(begin);
	return t.len >= len && strncasecmp(t.at, begin, len) == 0;
}

/* RFC 9112 3.2. The authority form is CONNECT's alone: a tunnel to who knows where. */
static bool read_target(struct text target, struct request *r)
{
	for (size_t i = 0; i < target.len; i++)
		if ((uint8_t)target.at[i] <= ' ' || (uint8_t)target.at[i] >= 0x7f)
			return false;
	if (begins_with(target, "/") || (target.len == 1 && target.at[0] == '*'))
		return true;
	struct text scheme;
	if (!begins_with(target, "http://") && !begins_with(target, "https://"))
		return false;
	take_to(&target, '/', &scheme);
	take_to(&target, '/', &scheme);
	return say(r, take_until(&target, "/?"));
}

static bool read_request_line(struct text line, struct request *r)
{
	static const char version[] = "HTTP/1."; /* and a digit */
	struct text method, target;
	size_t len = sizeof(version) - 1;
	return take_to(&line, ' ', &method) && is_token(method) && take_to(&line, ' ', &target) &&
	       line.len == len + 1 && memcmp(line.at, version, len) == 0 &&
	       is_digit(line.at[len]) && read_target(target, r);
}

static struct text trim(struct text t)
{
	for (; t.len > 0 && (t.at[0] == ' ' || t.at[0] == '\t'); t.len--)
		t.at++;
	while (t.len > 0 && (t.at[t.len - 1] == ' ' || t.at[t.len - 1] == '\t'))
		t.len--;
	return t;
}

static bool read_field(struct text line, struct request *r)
{
	struct text name;
	if (!take_to(&line, ':', &name) || !is_token(name))
		return false;
	if (name.len != strlen("host") || !begins_with(name, "host"))
		return true;
	bool first = !r->has_host;
	r->has_host = true;
	return first && say(r, trim(line));
}

enum sniff_result sniff_http(const uint8_t *bytes, size_t len, struct sniff *s)
{
	struct text head = {(const char *)bytes, len}, line = {NULL, 0};
	struct request r = {.says = SNIFF_NONE};
	bool good = true;
	for (size_t lines = 0; good && (lines == 0 || line.len > 0); lines++) {
		enum sniff_result there = take_line(&head, &line);
		if (there == SNIFF_MORE)
			return len < SNIFF_BYTES ? SNIFF_MORE : SNIFF_BAD;
		if (there == SNIFF_BAD)
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
