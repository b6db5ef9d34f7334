/* SPDX-License-Identifier: MIT */
#include "json_members.h"

#include <errno.h>
#include <string.h>

int members_parse(const uint8_t *text, size_t len, const char *what, struct arena *arena,
		  const struct json_value **root, struct err *e)
{
	struct json_fault fault;
	if (json_parse(text, len, arena, root, &fault) == 0)
		return 0;
	return err_say(e, EBADMSG, "%s is damaged at byte %zu: %s", what, fault.offset,
		       fault.reason);
}

static bool copy_text(const struct json_value *v, char *out, size_t cap)
{
	if (v->type != JSON_STRING || v->text_len >= cap || strlen(v->text) != v->text_len)
		return false;
	memcpy(out, v->text, v->text_len + 1);
	return true;
}

bool members_text(const struct json_value *object, const char *key, char *out, size_t cap)
{
	const struct json_value *v = json_get(object, key);
	return v && copy_text(v, out, cap);
}

bool members_number(const struct json_value *object, const char *key, uint64_t *out)
{
	int64_t n;
	const struct json_value *v = json_get(object, key);
	if (!v || json_integer(v, &n) < 0 || n < 0)
		return false;
	*out = (uint64_t)n;
	return true;
}

bool members_flag(const struct json_value *object, const char *key, bool *out)
{
	const struct json_value *v = json_get(object, key);
	if (!v || (v->type != JSON_TRUE && v->type != JSON_FALSE))
		return false;
	*out = v->type == JSON_TRUE;
	return true;
}

bool members_texts(const struct json_value *object, const char *key, char *out, size_t cap,
		   size_t max, size_t *count)
{
	const struct json_value *v = json_get(object, key);
	if (!v || v->type != JSON_ARRAY || v->count > max)
		return false;
	*count = 0;
	for (const struct json_value *t = v->first; t; t = t->next)
		if (!copy_text(t, out + cap * (*count)++, cap))
			return false;
	return true;
}

void members_begin(struct jsonw *w, struct buf *out, uint64_t version)
{
	jsonw_init(w, out);
	jsonw_object_begin(w);
	jsonw_key(w, "version");
	jsonw_uint(w, version);
}
