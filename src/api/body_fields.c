/* SPDX-License-Identifier: MIT */
#include "body_fields.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "lib/json.h"
#include "lib/limits.h"
#include "lib/sandbox_fields.h"

/* Beside the sandbox's fields. */
static const struct field create_members[] = {
	{"from", FIELD_TEXT, TAG_FROM},
};

static const struct field exec_members[] = {
	{"cmd", FIELD_TEXT, TAG_CMD},
	{"workdir", FIELD_TEXT, TAG_WORKDIR},
	{"timeout", FIELD_MILLI, TAG_TIMEOUT_MS},
	{"env", FIELD_MAP, TAG_ENV},
	{"stdin", FIELD_BYTES, TAG_STDIN},
	{"detach", FIELD_FLAG, TAG_DETACH},
	{"keep", FIELD_TEXT, TAG_KEEP},
};

static const struct field activate_members[] = {
	{"module", FIELD_TEXT, TAG_MODULE},
	{"force", FIELD_FLAG, TAG_FORCE},
};

static const struct field snapshot_members[] = {
	{"label", FIELD_TEXT, TAG_LABEL},
};

static const struct field restore_members[] = {
	{"snapshot", FIELD_TEXT, TAG_SNAPSHOT_NAME},
};

static const struct field allow_net_members[] = {
	{"allow_net", FIELD_LIST, TAG_ALLOW_NET},
};

static const struct field token_members[] = {
	{"name", FIELD_TEXT, TAG_NAME},
	{"right", FIELD_TEXT, TAG_RIGHT},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define FORM(array) .members = (array), .count = COUNT(array)

const struct body_form body_form_create = {FORM(create_members), .is_sandbox = true};
const struct body_form body_form_exec = {FORM(exec_members)};
const struct body_form body_form_activate = {FORM(activate_members)};
const struct body_form body_form_snapshot = {FORM(snapshot_members)};
const struct body_form body_form_restore = {FORM(restore_members)};
const struct body_form body_form_token = {FORM(token_members)};
const struct body_form body_form_empty = {.members = NULL};
const struct body_form body_form_file = {.is_file = true};
const struct body_form body_form_file_or_nothing = {.is_file = true, .optional = true};
const struct body_form body_form_allow_net = {FORM(allow_net_members), .required = "allow_net"};

/* Where the fields go, and why that failed. */
struct filler {
	struct buf *fields;
	struct request_fault *fault;
};

static int refuse(struct filler *to, const char *name, const char *what)
{
	return request_refuse(to->fault, 400, "bad_field", "%s must be %s", name, what);
}

static int add_text(struct filler *to, const struct field *m, const struct json_value *v)
{
	if (v->type != JSON_STRING)
		return refuse(to, m->name, "a string");
	if (m->type == FIELD_TEXT && strlen(v->text) != v->text_len)
		return refuse(to, m->name, "a string without \\u0000");
	msg_add(to->fields, m->tag, v->text, v->text_len);
	return 0;
}

static int add_number(struct filler *to, const struct field *m, const struct json_value *v)
{
	int64_t n;
	if (m->type == FIELD_NUMBER) {
		if (json_integer(v, &n) < 0 || n < 0)
			return refuse(to, m->name, "a whole number, not negative");
		msg_add_number(to->fields, m->tag, (uint64_t)n);
		return 0;
	}
	if (v->type != JSON_NUMBER || v->number < 0 || v->number > 1e12)
		return refuse(to, m->name, "a number, not negative");
	msg_add_number(to->fields, m->tag, (uint64_t)llround(v->number * 1000));
	return 0;
}

static int add_flag(struct filler *to, const struct field *m, const struct json_value *v)
{
	if (v->type != JSON_TRUE && v->type != JSON_FALSE)
		return refuse(to, m->name, "true or false");
	msg_add_number(to->fields, m->tag, v->type == JSON_TRUE);
	return 0;
}

static int add_list(struct filler *to, const struct field *m, const struct json_value *v)
{
	struct field item = {.name = m->name, .type = FIELD_TEXT, .tag = m->tag};
	if (v->type != JSON_ARRAY)
		return refuse(to, m->name,
			      m->type == FIELD_LIST
				      ? "an array of strings"
				      : "an array of strings, or one with commas between");
	int rc = 0;
	for (const struct json_value *i = v->first; i && rc == 0; i = i->next)
		rc = add_text(to, &item, i);
	return rc;
}

/* "a,b" as ["a","b"]; spaces around are no part of a name. */
static int add_commas(struct filler *to, const struct field *m, const struct json_value *v)
{
	if (v->type != JSON_STRING)
		return add_list(to, m, v);
	if (strlen(v->text) != v->text_len)
		return refuse(to, m->name, "a string without \\u0000");
	for (const char *at = v->text;; at++) {
		at += strspn(at, " ");
		size_t len = strcspn(at, ",");
		const char *comma = at + len;
		while (len > 0 && at[len - 1] == ' ')
			len--;
		msg_add(to->fields, m->tag, at, len);
		if (*comma == '\0')
			return 0;
		at = comma;
	}
}

static int add_map(struct filler *to, const struct field *m, const struct json_value *v)
{
	static char pair[LIMIT_BODY_BYTES];
	if (v->type != JSON_OBJECT)
		return refuse(to, m->name, "an object of strings");
	for (const struct json_value *i = v->first; i; i = i->next) {
		if (i->type != JSON_STRING)
			return refuse(to, m->name, "an object of strings");
		if (memchr(i->key, '=', i->key_len) || i->key_len == 0)
			return refuse(to, m->name,
				      "an object whose names are not empty and hold no =");
		struct buf b = {.data = pair, .cap = sizeof(pair)};
		buf_add(&b, i->key, i->key_len);
		buf_add(&b, "=", 1);
		buf_add(&b, i->text, i->text_len);
		if (b.full)
			return request_refuse(to->fault, 413, "too_large", "%s is too large",
					      m->name);
		if (memchr(b.data, 0, b.len))
			return refuse(to, m->name, "an object of strings without \\u0000");
		msg_add(to->fields, m->tag, b.data, b.len);
	}
	return 0;
}

static int add_member(struct filler *to, const struct field *m, const struct json_value *v)
{
	switch (m->type) {
	case FIELD_TEXT:
	case FIELD_BYTES:
		return add_text(to, m, v);
	case FIELD_FLAG:
		return add_flag(to, m, v);
	case FIELD_NUMBER:
	case FIELD_MILLI:
		return add_number(to, m, v);
	case FIELD_LIST:
		return add_list(to, m, v);
	case FIELD_COMMAS:
		return add_commas(to, m, v);
	case FIELD_MAP:
		return add_map(to, m, v);
	}
	return 0;
}

static const struct field *find(const struct field *table, size_t count, const struct json_value *v)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(table[i].name) == v->key_len &&
		    memcmp(table[i].name, v->key, v->key_len) == 0)
			return &table[i];
	return NULL;
}

static const struct field *find_member(const struct body_form *form, const struct json_value *v)
{
	const struct field *m = find(form->members, form->count, v);
	return m || !form->is_sandbox ? m : find(sandbox_fields, sandbox_fields_count, v);
}

int body_parse(const uint8_t *text, size_t len, const struct body_form *form, struct arena *a,
	       struct buf *fields, struct request_fault *fault)
{
	struct filler to = {.fields = fields, .fault = fault};
	static const uint8_t nothing[] = "{}";
	const struct json_value *root;
	struct json_fault bad;
	/* So what must be there is said to be missing. */
	int rc = len > 0 ? json_parse(text, len, a, &root, &bad)
			 : json_parse(nothing, sizeof(nothing) - 1, a, &root, &bad);
	if (rc == -ENOMEM)
		return request_refuse(fault, 413, "too_large", "the body holds too many values");
	if (rc < 0)
		return request_refuse(fault, 400, "bad_json",
				      "the body is no JSON: at byte %zu, %s", bad.offset,
				      bad.reason);
	if (root->type != JSON_OBJECT)
		return request_refuse(fault, 400, "bad_json", "the body must be a JSON object");
	if (form->required && !json_get(root, form->required))
		return request_refuse(fault, 400, "bad_field", "%s is missing", form->required);
	for (const struct json_value *v = root->first; v && rc == 0; v = v->next) {
		const struct field *m = find_member(form, v);
		if (!m)
			return request_refuse(fault, 400, "bad_field",
					      "there is no field \"%.64s\"", v->key);
		rc = add_member(&to, m, v);
	}
	return rc;
}
