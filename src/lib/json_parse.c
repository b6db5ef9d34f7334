/* SPDX-License-Identifier: MIT */
/* The JSON parser's frame: values, arrays, objects; an explicit stack in place of recursion. */
#include "json.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "json_part.h"

static_assert(sizeof(struct json_value) <= 80, "JSON_ARENA_BYTES counts on it");
static_assert(sizeof(struct json_member) <= 112, "JSON_ARENA_BYTES counts on it");

/* An array or object that is still open. */
struct level {
	struct json_value *container;
	struct json_value *last;   /* its last value so far, or NULL */
	struct json_member *names; /* an object's names so far, see json_names.c */
};

struct parser {
	struct json_reader in;
	struct json_value *root;
	size_t depth; /* levels in use */
	struct level levels[JSON_DEPTH_MAX];
};

static bool is_space(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static void skip_space(struct json_reader *r)
{
	while (r->at < r->len && is_space(r->text[r->at]))
		r->at++;
}

static int skip_to_byte(struct json_reader *r)
{
	skip_space(r);
	return r->at < r->len ? 0 : json_fault_early_end(r);
}

/* Skip white space; then there must be this byte, which stays the next. */
static int expect(struct json_reader *r, char byte, const char *reason)
{
	int rc = skip_to_byte(r);
	if (rc == 0 && !json_next_is(r, byte))
		return json_fault_at(r, r->at, reason);
	return rc;
}

/* Read one of the three words; the next byte is its first. */
static int read_word(struct json_reader *r, const char *word)
{
	for (; *word; word++, r->at++) {
		if (r->at == r->len)
			return json_fault_early_end(r);
		if (!json_next_is(r, *word))
			return json_fault_at(r, r->at, "expected true, false or null");
	}
	return 0;
}

/* Read a member's name and colon, and take the memory for the member, *v, its value. */
static int read_name(struct parser *p, struct level *top, struct json_value **v)
{
	struct json_reader *r = &p->in;
	int rc = expect(r, '"', "expected a member name");
	if (rc < 0)
		return rc;
	struct json_member *m = arena_take(r->arena, sizeof(*m));
	if (!m)
		return json_fault_memory(r);
	memset(m, 0, sizeof(*m));
	size_t start = r->at;
	rc = json_text_read(r, &m->value.key, &m->value.key_len);
	if (rc < 0)
		return rc;
	if (!json_names_add(&top->names, m))
		return json_fault_at(r, start, "duplicate member name");
	rc = expect(r, ':', "expected ':'");
	if (rc < 0)
		return rc;
	r->at++;
	*v = &m->value;
	return 0;
}

/* Take the memory for the next value, in the innermost array or object or as the root. */
static int add_value(struct parser *p, struct json_value **v)
{
	struct level *top = p->depth > 0 ? &p->levels[p->depth - 1] : NULL;
	if (top && top->container->type == JSON_OBJECT) {
		int rc = read_name(p, top, v);
		if (rc < 0)
			return rc;
	} else {
		*v = arena_take(p->in.arena, sizeof(**v));
		if (!*v)
			return json_fault_memory(&p->in);
		memset(*v, 0, sizeof(**v));
	}
	if (!top) {
		p->root = *v;
		return 0;
	}
	if (top->last)
		top->last->next = *v;
	else
		top->container->first = *v;
	top->last = *v;
	top->container->count++;
	return 0;
}

/* Read the bracket that opens v. *whole is true if it is closed at once. */
static int open_level(struct parser *p, struct json_value *v, bool *whole)
{
	struct json_reader *r = &p->in;
	v->type = r->text[r->at] == '{' ? JSON_OBJECT : JSON_ARRAY;
	if (p->depth == JSON_DEPTH_MAX)
		return json_fault_at(r, r->at, "nested too deep");
	r->at++;
	skip_space(r);
	*whole = json_next_is(r, v->type == JSON_OBJECT ? '}' : ']');
	if (*whole)
		r->at++;
	else
		p->levels[p->depth++] = (struct level){.container = v};
	return 0;
}

/* Read a value; of an array or object that isn't empty, its begin, and *whole is false. */
static int read_value(struct parser *p, bool *whole)
{
	struct json_reader *r = &p->in;
	struct json_value *v = NULL;
	int rc = skip_to_byte(r);
	if (rc == 0)
		rc = add_value(p, &v);
	if (rc == 0)
		rc = skip_to_byte(r); /* a member's name and colon may have been before it */
	if (rc < 0 || !v) /* v is set unless rc is negative; the analyzer doesn't see that */
		return rc;
	v->offset = r->at;
	*whole = true;
	switch (r->text[r->at]) {
	case '{':
	case '[':
		return open_level(p, v, whole);
	case '"':
		v->type = JSON_STRING;
		return json_text_read(r, &v->text, &v->text_len);
	case 't':
		v->type = JSON_TRUE;
		return read_word(r, "true");
	case 'f':
		v->type = JSON_FALSE;
		return read_word(r, "false");
	case 'n':
		v->type = JSON_NULL;
		return read_word(r, "null");
	default:
		if (r->text[r->at] == '-' || (r->text[r->at] >= '0' && r->text[r->at] <= '9'))
			return json_number_read(r, v);
		return json_fault_at(r, r->at, "expected a value");
	}
}

/* Read what stands after a value: brackets that close, up to a comma or the root's end. */
static int close_levels(struct parser *p)
{
	struct json_reader *r = &p->in;
	while (p->depth > 0) {
		bool object = p->levels[p->depth - 1].container->type == JSON_OBJECT;
		int rc = skip_to_byte(r);
		if (rc < 0)
			return rc;
		bool comma = json_next_is(r, ',');
		if (!comma && !json_next_is(r, object ? '}' : ']'))
			return json_fault_at(
				r, r->at, object ? "expected ',' or '}'" : "expected ',' or ']'");
		r->at++;
		if (comma)
			return 0;
		p->depth--;
	}
	return 0;
}

int json_parse(const uint8_t *text, size_t len, struct arena *a, const struct json_value **root,
	       struct json_fault *fault)
{
	struct parser p = {.in = {.text = text, .len = len, .arena = a, .fault = fault}};
	do {
		bool whole = false;
		int rc = read_value(&p, &whole);
		if (rc == 0 && whole)
			rc = close_levels(&p);
		if (rc < 0)
			return rc;
	} while (p.depth > 0);
	skip_space(&p.in);
	if (p.in.at < len)
		return json_fault_at(&p.in, p.in.at, "expected nothing after the value");
	*root = p.root;
	return 0;
}

const struct json_value *json_get(const struct json_value *object, const char *key)
{
	if (!object || object->type != JSON_OBJECT)
		return NULL;
	size_t key_len = strlen(key);
	const struct json_value *v = object->first;
	while (v && (v->key_len != key_len || memcmp(v->key, key, key_len) != 0))
		v = v->next;
	return v;
}
