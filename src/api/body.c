/* SPDX-License-Identifier: MIT */
#include "body.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "call.h"
#include "lib/json.h"

/* Enough for any request that keeps to the limits: 1024 names of env, or a body that is one string.
 * Past it the answer is 413. */
#define ARENA_BYTES (4 * 1024 * 1024)

static void __attribute__((noreturn)) refuse(const char *name, const char *what)
{
	http_reply_error(400, "bad_field", "%s must be %s", name, what);
}

static void add_text(const struct body_member *m, const struct json_value *v)
{
	if (v->type != JSON_STRING)
		refuse(m->name, "a string");
	if (m->type == BODY_TEXT && strlen(v->text) != v->text_len)
		refuse(m->name, "a string without \\u0000");
	msg_add(call_fields(), m->tag, v->text, v->text_len);
}

static void add_number(const struct body_member *m, const struct json_value *v)
{
	int64_t n;
	if (m->type == BODY_INTEGER) {
		if (json_integer(v, &n) < 0 || n < 0)
			refuse(m->name, "a whole number, not negative");
		msg_add_number(call_fields(), m->tag, (uint64_t)n);
		return;
	}
	if (v->type != JSON_NUMBER || v->number < 0 || v->number > 1e12)
		refuse(m->name, "a number, not negative");
	msg_add_number(call_fields(), m->tag, (uint64_t)llround(v->number * 1000));
}

static void add_list(const struct body_member *m, const struct json_value *v)
{
	struct body_member item = {.name = m->name, .type = BODY_TEXT, .tag = m->tag};
	if (v->type != JSON_ARRAY)
		refuse(m->name, m->type == BODY_LIST
					? "an array of strings"
					: "an array of strings, or one with commas between");
	for (const struct json_value *i = v->first; i; i = i->next)
		add_text(&item, i);
}

/* "a,b" as ["a","b"]; spaces around are no part of a name. */
static void add_commas(const struct body_member *m, const struct json_value *v)
{
	if (v->type != JSON_STRING) {
		add_list(m, v);
		return;
	}
	if (strlen(v->text) != v->text_len)
		refuse(m->name, "a string without \\u0000");
	for (const char *at = v->text;; at++) {
		at += strspn(at, " ");
		size_t len = strcspn(at, ",");
		const char *comma = at + len;
		while (len > 0 && at[len - 1] == ' ')
			len--;
		msg_add(call_fields(), m->tag, at, len);
		if (*comma == '\0')
			break;
		at = comma;
	}
}

static void add_map(const struct body_member *m, const struct json_value *v)
{
	static char pair[LIMIT_BODY_BYTES];
	if (v->type != JSON_OBJECT)
		refuse(m->name, "an object of strings");
	for (const struct json_value *i = v->first; i; i = i->next) {
		if (i->type != JSON_STRING)
			refuse(m->name, "an object of strings");
		if (memchr(i->key, '=', i->key_len) || i->key_len == 0)
			refuse(m->name, "an object whose names are not empty and hold no =");
		struct buf b = {.data = pair, .cap = sizeof(pair)};
		buf_add(&b, i->key, i->key_len);
		buf_add(&b, "=", 1);
		buf_add(&b, i->text, i->text_len);
		if (b.full)
			http_reply_error(413, "too_large", "%s is too large", m->name);
		if (memchr(b.data, 0, b.len))
			refuse(m->name, "an object of strings without \\u0000");
		msg_add(call_fields(), m->tag, b.data, b.len);
	}
}

static void add_member(const struct body_member *m, const struct json_value *v)
{
	switch (m->type) {
	case BODY_TEXT:
	case BODY_BYTES:
		add_text(m, v);
		break;
	case BODY_INTEGER:
	case BODY_MILLI:
		add_number(m, v);
		break;
	case BODY_LIST:
		add_list(m, v);
		break;
	case BODY_COMMAS:
		add_commas(m, v);
		break;
	case BODY_MAP:
		add_map(m, v);
		break;
	}
}

static const struct body_member *find(const struct body_member *members, size_t count,
				      const struct json_value *v)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(members[i].name) == v->key_len &&
		    memcmp(members[i].name, v->key, v->key_len) == 0)
			return &members[i];
	return NULL;
}

void body_read(struct http_request *q, const struct body_member *members, size_t count)
{
	static unsigned char memory[ARENA_BYTES] __attribute__((aligned(16)));
	struct arena arena = {.base = memory, .cap = sizeof(memory)};
	const struct json_value *root;
	struct json_fault fault;

	http_read_body(q);
	int rc = json_parse(q->body, q->body_len, &arena, &root, &fault);
	if (rc == -ENOMEM)
		http_reply_error(413, "too_large", "the body holds too many values");
	if (rc < 0)
		http_reply_error(400, "bad_json", "the body is no JSON: at byte %zu, %s",
				 fault.offset, fault.reason);
	if (root->type != JSON_OBJECT)
		http_reply_error(400, "bad_json", "the body must be a JSON object");
	for (const struct json_value *v = root->first; v; v = v->next) {
		const struct body_member *m = find(members, count, v);
		if (!m)
			http_reply_error(400, "bad_field", "there is no field \"%.64s\"", v->key);
		add_member(m, v);
	}
}
