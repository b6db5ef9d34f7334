/* SPDX-License-Identifier: MIT */
/* Merges the operator's settings, and says what is wrong with them: settings.h has the rules. */
#include "settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/env.h"
#include "settings_values.h"

static void report_line(const struct settings_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void report_line(const struct settings_report *report, const char *format, ...)
{
	char line[320];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	report->say(report->context, line);
}

static int find_setting(const char *name, size_t len)
{
	for (int i = 0; i < (int)settings_values_count; i++) {
		if (strlen(settings_values[i].name) == len &&
		    memcmp(settings_values[i].name, name, len) == 0)
			return i;
	}
	return -1;
}

static bool is_token(int id)
{
	return id == SETTING_AUTH_TOKEN || id == SETTING_AUTH_TOKEN_SHA256;
}

/* The setting is about to come from source: what it replaces beside itself goes. */
static void make_way(struct settings_raw *raw, int id, const char *source)
{
	int other = id == SETTING_AUTH_TOKEN ? SETTING_AUTH_TOKEN_SHA256 : SETTING_AUTH_TOKEN;
	const char *had = raw->value[other].source;
	if (is_token(id) && had && strcmp(had, source) != 0)
		memset(&raw->value[other], 0, sizeof(raw->value[other]));
}

bool settings_put(struct settings_raw *raw, const char *name, size_t name_len, const char *value,
		  size_t value_len, const char *source)
{
	int i = find_setting(name, name_len);
	if (i < 0)
		return false;
	make_way(raw, i, source);
	size_t keep = value_len < SETTINGS_VALUE_BYTES ? value_len : SETTINGS_VALUE_BYTES - 1;
	raw->value[i].source = source;
	raw->value[i].too_long = keep < value_len;
	memcpy(raw->value[i].text, value, keep);
	raw->value[i].text[keep] = '\0';
	return true;
}

/* Whether the file there is read too late to say it. */
static bool comes_too_late(int id, enum settings_place place)
{
	return id >= 0 && settings_values[id].too_late && place >= settings_values[id].too_late;
}

void settings_put_file(struct settings_raw *raw, const uint8_t *text, size_t len,
		       const char *source, enum settings_place place,
		       const struct settings_report *report)
{
	struct env_reader reader;
	struct env_pair pair;
	const char *fault;
	enum env_result result;
	env_start(&reader, text, len);
	while ((result = env_next(&reader, &pair, &fault)) != ENV_END) {
		if (result == ENV_FAULT) {
			/* The line may have been meant to set the token. */
			raw->unreadable = "a line of a settings file cannot be read";
			report_line(report, "%s, line %u is ignored: %s.", source, reader.line,
				    fault);
			continue;
		}
		int name_len = (int)(pair.name_len < 40 ? pair.name_len : 40);
		int id = find_setting(pair.name, pair.name_len);
		if (comes_too_late(id, place))
			report_line(report,
				    "%s, line %u is ignored: %s is needed before this is "
				    "found; the kernel command line can set it.",
				    source, reader.line, settings_values[id].name);
		else if (!settings_put(raw, pair.name, pair.name_len, pair.value, pair.value_len,
				       source))
			report_line(report, "%s, line %u is ignored: there is no setting %.*s.",
				    source, reader.line, name_len, pair.name);
	}
}

void settings_merge(struct settings_raw *raw, const struct settings_raw *over)
{
	for (int i = 0; i < (int)settings_values_count; i++) {
		if (!over->value[i].source)
			continue;
		make_way(raw, i, over->value[i].source);
		raw->value[i] = over->value[i];
	}
	if (over->unreadable)
		raw->unreadable = over->unreadable;
}

static bool is_bad_esp(const struct settings_raw *raw, const struct settings *out)
{
	return raw->value[SETTING_ESP].source && !out->esp[0] &&
	       strcmp(raw->value[SETTING_ESP].text, "none") != 0;
}

/* Decide who may in when the token's own value did not. */
static void check_access(const struct settings_raw *raw, struct settings *out)
{
	bool text = raw->value[SETTING_AUTH_TOKEN].source;
	bool digest = raw->value[SETTING_AUTH_TOKEN_SHA256].source;
	if (out->access == ACCESS_TOKEN && !(text && digest))
		return;
	memset(out->token_sha256, 0, sizeof(out->token_sha256));
	if (text && digest)
		out->lock_reason = "SQUASH_AUTH_TOKEN and SQUASH_AUTH_TOKEN_SHA256 are both set";
	else if (text)
		out->lock_reason = "SQUASH_AUTH_TOKEN is not valid";
	else if (digest)
		out->lock_reason = "SQUASH_AUTH_TOKEN_SHA256 is not valid";
	else if (is_bad_esp(raw, out))
		out->lock_reason = "SQUASH_ESP, where a token may be, is not valid";
	else
		out->lock_reason = raw->unreadable;
	out->access = out->lock_reason ? ACCESS_LOCKED : ACCESS_OPEN;
}

/* The built-in would let sandboxes out by the management's card. No card is called like this. */
static void refuse_egress(const char *text, const char *source, const char *fault,
			  struct settings *out, const struct settings_report *report)
{
	strcpy(out->egress_iface, "?");
	report_line(report, "SQUASH_EGRESS_IFACE=%.60s (%s) %s: sandboxes reach nothing.", text,
		    source, fault);
}

void settings_check(const struct settings_raw *raw, struct settings *out,
		    const struct settings_report *report)
{
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < (int)settings_values_count; i++) {
		const struct settings_value *v = &settings_values[i];
		const char *source = raw->value[i].source;
		const char *text = raw->value[i].text;
		const char *fault = NULL;
		if (v->builtin)
			settings_value_read(v, v->builtin, out);
		if (!source)
			continue;
		fault = raw->value[i].too_long ? "is too long" : settings_value_read(v, text, out);
		if (fault && is_token(i))
			report_line(report, "%s (%s) %s.", v->name, source, fault);
		else if (fault && i == SETTING_EGRESS_IFACE)
			refuse_egress(text, source, fault, out, report);
		else if (fault)
			report_line(report, "%s=%.60s (%s) %s: %s is used.", v->name, text, source,
				    fault, v->builtin);
	}
	check_access(raw, out);
}
