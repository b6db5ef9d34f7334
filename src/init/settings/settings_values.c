/* SPDX-License-Identifier: MIT */
/* The settings' table, and a function for each that says whether a text is a value of it. */
#include "settings_values.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/allow.h"

/* A decimal number in [min, max] and nothing else. */
static bool parse_number(const char *text, unsigned min, unsigned max, unsigned *out)
{
	unsigned n = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (unsigned)(*text - '0');
		if (n > max)
			return false;
	}
	*out = n;
	return n >= min;
}

static const char *read_port(const char *text, uint16_t *port)
{
	unsigned n;
	if (!parse_number(text, 1, UINT16_MAX, &n))
		return "is not a port from 1 to 65535";
	*port = (uint16_t)n;
	return NULL;
}

static const char *check_port(const char *text, struct settings *out)
{
	return read_port(text, &out->port);
}

static const char *check_tls_port(const char *text, struct settings *out)
{
	return read_port(text, &out->tls_port);
}

static const char *check_http(const char *text, struct settings *out)
{
	out->http = strcmp(text, "1") == 0;
	return out->http || strcmp(text, "0") == 0 ? NULL : "is neither 0 nor 1";
}

/* What a disk may be called: visible ASCII, and blanks as in some serial numbers. */
static const char *check_format(const char *text, struct settings *out)
{
	size_t len = strlen(text);
	out->format[0] = '\0';
	if (strcmp(text, "none") == 0)
		return NULL;
	if (len == 0)
		return "is empty";
	if (len > SETTINGS_FORMAT_MAX)
		return "is longer than 128 characters";
	for (size_t i = 0; i < len; i++) {
		if (text[i] < ' ' || text[i] > '~')
			return "has a character that no disk's name has";
	}
	memcpy(out->format, text, len + 1);
	return NULL;
}

static const char *check_esp(const char *text, struct settings *out)
{
	uint8_t guid[GPT_GUID_BYTES];
	out->esp[0] = '\0';
	if (strcmp(text, "none") == 0)
		return NULL;
	if (!gpt_parse_guid(text, guid))
		return "is not a partition's UUID";
	for (size_t i = 0; i < sizeof(out->esp); i++)
		out->esp[i] = (char)tolower((unsigned char)text[i]);
	return NULL;
}

static const char *check_watchdog(const char *text, struct settings *out)
{
	unsigned n;
	if (!parse_number(text, 0, SETTINGS_WATCHDOG_MAX_S, &n) ||
	    (n > 0 && n < SETTINGS_WATCHDOG_MIN_S))
		return "is neither 0 nor a number of seconds from 5 to 600";
	out->watchdog_s = n;
	return NULL;
}

static bool is_alnum(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static const char *check_hostname(const char *text, struct settings *out)
{
	const char *fault = hostname_check(text);
	if (!fault)
		memcpy(out->hostname, text, strlen(text) + 1);
	return fault;
}

/* An absolute path of plain components, outside of the directories the appliance itself needs. */
static const char *check_data(const char *text, struct settings *out)
{
	static const char *const ours[] = {"bin", "dev",  "etc", "init", "lib", "proc",
					   "run", "sbin", "srv", "sys",  "tmp"};
	if (strlen(text) > SETTINGS_PATH_MAX)
		return "is longer than 64 characters";
	const char *at = text;
	do {
		if (*at != '/')
			return "is not an absolute path of letters, digits, hyphens, underscores";
		const char *begin = ++at;
		while (is_alnum(*at) || *at == '-' || *at == '_')
			at++;
		if (at == begin)
			return "is not an absolute path of letters, digits, hyphens, underscores";
		for (size_t i = 0; begin == text + 1 && i < sizeof(ours) / sizeof(ours[0]); i++) {
			if (strlen(ours[i]) == (size_t)(at - begin) &&
			    memcmp(ours[i], begin, (size_t)(at - begin)) == 0)
				return "is a directory that the appliance itself needs";
		}
	} while (*at);
	memcpy(out->data, text, (size_t)(at - text) + 1);
	return NULL;
}

/* Networks with commas between, or none. Spaces have no place there: they would end a setting on
 * the command line. */
static const char *check_egress_private(const char *text, struct settings *out)
{
	struct addr_net net;
	size_t count = 0;
	out->egress_private[0] = '\0';
	if (strcmp(text, "none") == 0)
		return NULL;
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");
		if (!addr_parse_net(at, len, &net)) {
			snprintf(out->fault, sizeof(out->fault),
				 "has \"%.*s\", which is no network like 10.1.0.0/16",
				 (int)(len < 40 ? len : 40), at);
			return out->fault;
		}
		if (++count > LIMIT_EGRESS_PRIVATE)
			return "has more than 64 networks";
		at += len;
		if (!*at)
			break;
	}
	memcpy(out->egress_private, text, strlen(text) + 1);
	return NULL;
}

/* Names or addresses with commas between, or none. */
static const char *check_ntp(const char *text, struct settings *out)
{
	char servers[SETTINGS_NTP_MAX][SETTINGS_NTP_BYTES] = {0};
	struct addr address;
	size_t count = 0;
	_Static_assert(SETTINGS_NTP_BYTES == ALLOW_NAME_BYTES + 1, "it takes a name");
	memset(out->ntp, 0, sizeof(out->ntp));
	if (strcmp(text, "none") == 0)
		return NULL;
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");
		_Static_assert(SETTINGS_NTP_MAX == 4, "it stands in the text");
		if (count == SETTINGS_NTP_MAX)
			return "has more than 4 servers";
		if (addr_parse(at, len, &address)) {
			addr_text(&address, servers[count]);
		} else if (!allow_read_name(at, len, servers[count])) {
			snprintf(out->fault, sizeof(out->fault),
				 "has \"%.*s\", which is neither a host name nor an address",
				 (int)(len < 40 ? len : 40), at);
			return out->fault;
		}
		count++;
		at += len;
		if (!*at)
			break;
	}
	memcpy(out->ntp, servers, sizeof(out->ntp));
	return NULL;
}

static const char *check_ip(const char *text, struct settings *out)
{
	return settings_ip_parse(text, &out->ip);
}

static const char *check_egress_ip(const char *text, struct settings *out)
{
	return settings_ip_parse(text, &out->egress_ip);
}

/* A network card: its name, as the kernel gives it, or its address as ip-link(8) shows it. */
static const char *read_iface(const char *text, char iface[SETTINGS_IFACE_BYTES])
{
	size_t len = strlen(text);
	iface[0] = '\0';
	if (strcmp(text, "none") == 0)
		return NULL;
	if (len == 0 || len >= SETTINGS_IFACE_BYTES)
		return "is neither a network card's name nor its MAC address";
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (!is_alnum(c) && !strchr(".:-_", c))
			return "is neither a network card's name nor its MAC address";
	}
	for (size_t i = 0; i <= len; i++)
		iface[i] = strchr(text, ':') ? (char)tolower((unsigned char)text[i]) : text[i];
	return NULL;
}

static const char *check_iface(const char *text, struct settings *out)
{
	return read_iface(text, out->iface);
}

static const char *check_egress_iface(const char *text, struct settings *out)
{
	return read_iface(text, out->egress_iface);
}

/* What fits into "Authorization: Bearer <token>": visible ASCII. */
static const char *check_token(const char *text, struct settings *out)
{
	size_t len = strlen(text);
	if (len == 0)
		return "is empty";
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			return "has a character that is not visible ASCII";
	}
	sha256_of(text, len, out->token_sha256);
	out->access = ACCESS_TOKEN;
	return NULL;
}

static const char *check_token_sha256(const char *text, struct settings *out)
{
	if (!sha256_read(text, strlen(text), out->token_sha256))
		return "is not 64 hexadecimal digits";
	out->access = ACCESS_TOKEN;
	return NULL;
}

#define NUMBER(member, least, most, called)                                                        \
	.offset = offsetof(struct settings, member), .min = (least), .max = (most), .noun = (called)
#define TEXT(member, reader) .check = (reader), .offset = offsetof(struct settings, member)

const struct settings_value settings_values[] = {
	[SETTING_AUTH_TOKEN] = {"SQUASH_AUTH_TOKEN", NULL, check_token},
	[SETTING_AUTH_TOKEN_SHA256] = {"SQUASH_AUTH_TOKEN_SHA256", NULL, check_token_sha256},
	[SETTING_EGRESS_IFACE] = {"SQUASH_EGRESS_IFACE", "none",
				  TEXT(egress_iface, check_egress_iface), .for_squashd = true},
	[SETTING_ESP] = {"SQUASH_ESP", "none", check_esp, .too_late = SETTINGS_ESP},
	{"SQUASH_HTTP", "0", check_http},
	{"SQUASH_PORT", "8080", check_port},
	{"SQUASH_TLS_PORT", "8443", check_tls_port},
	{"SQUASH_DATA", "/data", TEXT(data, check_data), .too_late = SETTINGS_DISK,
	 .for_squashd = true},
	{"SQUASH_DATA_WAIT", "5",
	 NUMBER(data_wait_s, 0, SETTINGS_DATA_WAIT_MAX_S, "number of seconds"),
	 .too_late = SETTINGS_DISK},
	{"SQUASH_FORMAT", "none", check_format, .too_late = SETTINGS_DISK},
	{"SQUASH_IP", "dhcp", check_ip},
	{"SQUASH_IFACE", "none", check_iface},
	{"SQUASH_EGRESS_IP", "dhcp", check_egress_ip},
	{"SQUASH_HOSTNAME", "squash", check_hostname},
	{"SQUASH_MAX_SANDBOXES", "1024", NUMBER(max_sandboxes, 1, LIMIT_SANDBOXES, "number"),
	 .for_squashd = true},
	{"SQUASH_EGRESS_PRIVATE", "none", TEXT(egress_private, check_egress_private),
	 .for_squashd = true},
	{"SQUASH_NTP", "none", check_ntp},
	{"SQUASH_WATCHDOG", "60", check_watchdog},
};

const size_t settings_values_count = sizeof(settings_values) / sizeof(settings_values[0]);

_Static_assert(LIMIT_SANDBOXES == 1024, "it is a builtin");
_Static_assert(sizeof(settings_values) / sizeof(settings_values[0]) <= SETTINGS_MAX, "all fit");

const char *settings_value_read(const struct settings_value *v, const char *text,
				struct settings *out)
{
	unsigned n;
	void *member = (char *)out + v->offset;
	if (v->check)
		return v->check(text, out);
	if (!parse_number(text, v->min, v->max, &n)) {
		snprintf(out->fault, sizeof(out->fault), "is not a %s from %u to %u", v->noun,
			 v->min, v->max);
		return out->fault;
	}
	*(unsigned *)member = n;
	return NULL;
}

void settings_for_squashd(const struct settings *settings, struct settings_environment *out)
{
	size_t count = 0;
	for (const struct settings_value *v = settings_values;
	     v < settings_values + settings_values_count; v++) {
		const void *member = (const char *)settings + v->offset;
		char *text = out->text[count];
		if (!v->for_squashd)
			continue;
		if (v->check)
			snprintf(text, sizeof(out->text[0]), "%s=%s", v->name,
				 (const char *)member);
		else
			snprintf(text, sizeof(out->text[0]), "%s=%u", v->name,
				 *(const unsigned *)member);
		out->list[count++] = text;
	}
	out->list[count] = NULL;
}
