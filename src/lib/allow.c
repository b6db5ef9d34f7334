/* SPDX-License-Identifier: MIT */
#include "allow.h"

#include <string.h>
#include <strings.h>

#define LABEL_BYTES 63 /* RFC 1035 2.3.4 */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The lower case of a byte that a name may have; 0 of any other. */
static char name_char(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_' ? c : '\0';
}

/* Whether programs take a name with that last label for an address: decimal or octal digits, or
 * hexadecimal. Source: https://url.spec.whatwg.org/#ends-in-a-number-checker */
static bool is_number(const char *label)
{
	static const char digits[] = "0123456789abcdef";
	if (strncmp(label, "0x", 2) == 0)
		return label[2 + strspn(label + 2, digits)] == '\0';
	return label[strspn(label, "0123456789")] == '\0';
}

bool allow_read_name(const char *text, size_t len, char name[ALLOW_NAME_BYTES + 1])
{
	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len > ALLOW_NAME_BYTES)
		return false;
	size_t label = 0; /* where it begins */
	for (size_t i = 0; i < len; i++) {
		name[i] = text[i] == '.' ? '.' : name_char(text[i]);
		if (!name[i] || (name[i] == '.' && i == label) || i - label > LABEL_BYTES)
			return false;
		if (name[i] == '.')
			label = i + 1;
	}
	name[len] = '\0';
	return label < len && len - label <= LABEL_BYTES && !is_number(name + label);
}

/* What stands behind a host's colon. */
static bool read_port(const char *text, int *port)
{
	size_t len = strlen(text);
	*port = ALLOW_PORT_ANY;
	if (strcmp(text, "*") == 0)
		return true;
	if (len == 0 || len > 5 || text[0] == '0')
		return false;
	for (; *text; text++) {
		if (!is_digit(*text))
			return false;
		*port = *port * 10 + (*text - '0');
	}
	return *port <= 65535;
}

static const char bad_port[] = "has a port that is neither * nor one of 1 to 65535";
static const char bad_v6[] = "is no IPv6 address or network (before a port it stands in brackets)";

static bool parse_net(const char *text, size_t len, struct allow *a)
{
	struct addr_net net;
	if (!addr_parse_net(text, len, &net))
		return false;
	a->kind = ALLOW_NET;
	a->net = net;
	return true;
}

/* "[address]", "[address]:port", also of a network. */
static const char *parse_brackets(const char *text, struct allow *a)
{
	const char *end = strchr(text, ']');
	if (!end || !parse_net(text + 1, (size_t)(end - text - 1), a) || a->net.addr.family != 6)
		return "has no IPv6 address or network between its brackets";
	if (end[1] == '\0')
		return NULL;
	return end[1] == ':' && read_port(end + 2, &a->port) ? NULL : bad_port;
}

static const char *parse_name(const char *text, size_t len, struct allow *a)
{
	static const char below[] = "*.";
	size_t skip = len >= 2 && memcmp(text, below, 2) == 0 ? 2 : 0;
	a->kind = skip > 0 ? ALLOW_BELOW : ALLOW_NAME;
	if (!allow_read_name(text + skip, len - skip, a->name))
		return "is neither a host name nor an address";
	if (a->kind == ALLOW_NAME && strcmp(a->name, "none") == 0) {
		if (a->port != ALLOW_PORT_WEB)
			return "has a port, but \"none\" stands for nothing at all";
		*a = (struct allow){.kind = ALLOW_NOTHING, .port = ALLOW_PORT_WEB};
	}
	return NULL;
}

/* An entry without an IPv6 address, of len bytes before its port. */
static const char *parse_host(const char *text, size_t len, struct allow *a)
{
	if (len == 1 && text[0] == '*') {
		a->kind = ALLOW_ANY;
		return NULL;
	}
	if (!memchr(text, '/', len))
		return parse_net(text, len, a) ? NULL : parse_name(text, len, a);
	return parse_net(text, len, a) ? NULL : "is no network with all bits beyond its prefix 0";
}

const char *allow_parse(const char *text, struct allow *a)
{
	*a = (struct allow){.port = ALLOW_PORT_WEB};
	const char *colon = strchr(text, ':');
	if (text[0] == '[')
		return parse_brackets(text, a);
	if (!colon)
		return parse_host(text, strlen(text), a);
	if (strncmp(colon, "://", 3) == 0)
		return "is a URL, where a host name is to stand alone";
	if (strchr(colon + 1, ':'))
		return parse_net(text, strlen(text), a) ? NULL : bad_v6;
	return read_port(colon + 1, &a->port) ? parse_host(text, (size_t)(colon - text), a)
					      : bad_port;
}

static bool has_port(const struct allow *a, uint16_t port)
{
	if (port == 0 || a->port == ALLOW_PORT_ANY)
		return true;
	return a->port == ALLOW_PORT_WEB ? port == 80 || port == 443 : port == a->port;
}

static bool is_below(const char *name, const char *top)
{
	size_t len = strlen(name), top_len = strlen(top);
	return len > top_len + 1 && name[len - top_len - 1] == '.' &&
	       strcmp(name + len - top_len, top) == 0;
}

static bool has_name(const struct allow *a, const char *name)
{
	if (a->kind == ALLOW_NAME)
		return strcmp(a->name, name) == 0;
	return a->kind == ALLOW_ANY || (a->kind == ALLOW_BELOW && is_below(name, a->name));
}

bool allow_has_name(const struct allow *all, size_t count, const char *name, uint16_t port)
{
	for (size_t i = 0; i < count; i++)
		if (has_port(&all[i], port) && has_name(&all[i], name))
			return true;
	return false;
}

bool allow_has_addr(const struct allow *all, size_t count, const struct addr *a, uint16_t port)
{
	for (size_t i = 0; i < count; i++)
		if (has_port(&all[i], port) && all[i].kind == ALLOW_NET &&
		    addr_is_in(a, &all[i].net))
			return true;
	return false;
}
