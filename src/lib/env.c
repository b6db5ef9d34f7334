/* SPDX-License-Identifier: MIT */
/* Reads KEY=value lines; see env.h for the syntax. */
#include "env.h"

#include <stdbool.h>
#include <string.h>

struct span {
	const uint8_t *at;
	const uint8_t *end;
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_name(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-';
}

static struct span trim(struct span s)
{
	while (s.at < s.end && is_blank(*s.at))
		s.at++;
	while (s.end > s.at && is_blank(s.end[-1]))
		s.end--;
	return s;
}

static struct span take_line(struct env_reader *r)
{
	const uint8_t *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
	struct span line = {r->at, stop ? stop : r->end};
	r->at = stop ? stop + 1 : r->end;
	r->line++;
	return trim(line);
}

/* The value's text between its quotes, or NULL with a fault. */
static const char *unquote(struct span *value)
{
	const uint8_t *close =
		memchr(value->at + 1, *value->at, (size_t)(value->end - value->at - 1));
	if (!close)
		return "the closing quote is missing";
	struct span rest = trim((struct span){close + 1, value->end});
	if (rest.at < rest.end && *rest.at != '#')
		return "there is text after the closing quote";
	value->at++;
	value->end = close;
	return NULL;
}

static void cut_comment(struct span *value)
{
	for (const uint8_t *p = value->at; p < value->end; p++) {
		if (*p == '#' && (p == value->at || is_blank(p[-1]))) {
			value->end = p;
			break;
		}
	}
	*value = trim(*value);
}

/* Split one trimmed line that is neither empty nor a comment. NULL, or what is wrong with it. */
static const char *split_line(struct span line, struct env_pair *pair)
{
	for (const uint8_t *p = line.at; p < line.end; p++) {
		if ((*p < 0x20 && *p != '\t') || *p == 0x7f)
			return "there is a control character in it";
	}
	const uint8_t *equals = memchr(line.at, '=', (size_t)(line.end - line.at));
	if (!equals)
		return "it is not KEY=value";
	struct span name = trim((struct span){line.at, equals});
	struct span value = trim((struct span){equals + 1, line.end});
	if (name.at == name.end)
		return "there is no name before the =";
	for (const uint8_t *p = name.at; p < name.end; p++) {
		if (!is_name(*p))
			return "there is a character in the name that no name has";
	}
	if (value.at < value.end && (*value.at == '"' || *value.at == '\'')) {
		const char *fault = unquote(&value);
		if (fault)
			return fault;
	} else {
		cut_comment(&value);
	}
	*pair = (struct env_pair){
		.name = (const char *)name.at,
		.name_len = (size_t)(name.end - name.at),
		.value = (const char *)value.at,
		.value_len = (size_t)(value.end - value.at),
	};
	return NULL;
}

void env_start(struct env_reader *r, const uint8_t *text, size_t len)
{
	static const uint8_t byte_order_mark[3] = {0xef, 0xbb, 0xbf}; /* Windows editors write it */
	*r = (struct env_reader){.at = text, .end = text + len};
	if (len >= sizeof(byte_order_mark) && memcmp(text, byte_order_mark, 3) == 0)
		r->at += sizeof(byte_order_mark);
}

enum env_result env_next(struct env_reader *r, struct env_pair *pair, const char **fault)
{
	while (r->at < r->end) {
		struct span line = take_line(r);
		if (line.at == line.end || *line.at == '#')
			continue;
		*fault = split_line(line, pair);
		return *fault ? ENV_FAULT : ENV_PAIR;
	}
	return ENV_END;
}
