/* SPDX-License-Identifier: MIT */
#include "url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/addr.h"

static bool is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_';
}

static const char *take_scheme(const char **at, struct url *u)
{
	const char *end = strstr(*at, "://");
	u->is_tls = true;
	if (!end)
		return NULL;
	size_t len = (size_t)(end - *at);
	if (len == 4 && strncasecmp(*at, "http", len) == 0)
		u->is_tls = false;
	else if (len != 5 || strncasecmp(*at, "https", len) != 0)
		return "is neither https:// nor http://";
	*at = end + 3;
	return NULL;
}

static const char *take_host(const char **at, struct url *u)
{
	struct addr a;
	bool is_bracketed = **at == '[';
	const char *host = *at + is_bracketed;
	size_t len = 0;
	while (is_bracketed ? host[len] && host[len] != ']' : is_host_char(host[len]))
		len++;
	if (len == 0)
		return "has no host";
	if (len >= sizeof(u->host))
		return "has too long a host";
	u->is_address = addr_parse(host, len, &a);
	if (is_bracketed && (!u->is_address || a.family != 6 || host[len] != ']'))
		return "has no IPv6 address in its brackets";
	memcpy(u->host, host, len);
	u->host[len] = '\0';
	const struct addr loopback6 = {.family = 6, .bytes = {[15] = 1}};
	u->is_local = u->is_address
			      ? (a.family == 4 && a.bytes[0] == 127) || addr_equal(&a, &loopback6)
			      : strcasecmp(u->host, "localhost") == 0;
	*at = host + len + is_bracketed;
	return NULL;
}

static const char *take_port(const char **at, struct url *u)
{
	unsigned port = 0;
	u->port = u->is_tls ? URL_TLS_PORT : URL_PLAIN_PORT;
	if (**at != ':')
		return NULL;
	for (++*at; **at >= '0' && **at <= '9' && port <= UINT16_MAX; ++*at)
		port = port * 10 + (unsigned)(**at - '0');
	if (port == 0 || port > UINT16_MAX)
		return "has no port from 1 to 65535 behind its colon";
	u->port = (uint16_t)port;
	return NULL;
}

const char *url_parse(const char *text, struct url *u)
{
	const char *fault = take_scheme(&text, u);
	if (!fault)
		fault = take_host(&text, u);
	if (!fault)
		fault = take_port(&text, u);
	if (fault)
		return fault;
	if (*text == ':')
		return "has more than one colon: an IPv6 address stands in brackets";
	if (strcmp(text, "") != 0 && strcmp(text, "/") != 0)
		return "has more than scheme, host and port";
	return NULL;
}

const char *url_authority(const struct url *u, char text[URL_TEXT_BYTES])
{
	bool is_v6 = strchr(u->host, ':') != NULL;
	snprintf(text, URL_TEXT_BYTES, "%s%s%s:%u", is_v6 ? "[" : "", u->host, is_v6 ? "]" : "",
		 u->port);
	return text;
}
