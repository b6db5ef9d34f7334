/* SPDX-License-Identifier: MIT */
#include "target.h"

#include <string.h>

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void target_begin(struct target *t, const char *path)
{
	t->buf = (struct buf){.data = t->text, .cap = sizeof(t->text) - 1};
	t->has_query = false;
	buf_add_text(&t->buf, "/cgi-bin/");
	buf_add_text(&t->buf, path);
}

bool target_is_name(const char *text)
{
	if (!is_alnum(text[0]))
		return false; /* nor ".." */
	for (const char *at = text; *at; at++)
		if (!is_alnum(*at) && !strchr("._+-", *at))
			return false;
	return true;
}

void target_add(struct target *t, const char *name)
{
	buf_add_text(&t->buf, "/");
	buf_add_text(&t->buf, name);
}

void target_ask(struct target *t, const char *name, const char *value)
{
	buf_printf(&t->buf, "%c%s=", t->has_query ? '&' : '?', name);
	t->has_query = true;
	for (const char *at = value; *at; at++) {
		if (is_alnum(*at) || strchr("-._~/", *at))
			buf_add(&t->buf, at, 1);
		else
			buf_printf(&t->buf, "%%%02X", (unsigned char)*at);
	}
}

const char *target_text(struct target *t)
{
	t->text[t->buf.len] = '\0';
	return t->text;
}
