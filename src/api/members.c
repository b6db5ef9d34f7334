/* SPDX-License-Identifier: MIT */
#include "members.h"

#include <stdio.h>

#include "http.h"
#include "lib/clock.h"

void members_write_texts(struct jsonw *w, struct msg_cursor c, enum msg_tag tag)
{
	struct msg_field f;
	jsonw_array_begin(w);
	while (msg_next(&c, &f) > 0)
		if (f.tag == tag)
			jsonw_text(w, f.data, f.len);
	jsonw_array_end(w);
}

static struct msg_field find(struct msg_cursor c, enum msg_tag tag)
{
	struct msg_field f;
	while (msg_next(&c, &f) > 0)
		if (f.tag == tag)
			return f;
	return (struct msg_field){.data = (const uint8_t *)""};
}

const char *members_mode_text(uint64_t mode, char text[MEMBERS_MODE_BYTES])
{
	snprintf(text, MEMBERS_MODE_BYTES, "%04o", (unsigned)(mode & 07777));
	return text;
}

uint64_t members_find_number(struct msg_cursor c, enum msg_tag tag)
{
	struct msg_field f = find(c, tag);
	uint64_t number = 0;
	msg_number(&f, &number);
	return number;
}

static void write_value(struct jsonw *w, const struct member *m, struct msg_cursor c)
{
	char time[CLOCK_TEXT_BYTES], mode[MEMBERS_MODE_BYTES];
	struct msg_field f = find(c, m->tag);
	uint64_t number = 0;
	msg_number(&f, &number);
	bool is_null = (m->type == MEMBER_NUMBER_OR_NULL && number == 0) ||
		       (m->type == MEMBER_TEXT_OR_NULL && f.len == 0);
	if (is_null)
		jsonw_null(w);
	else if (m->type == MEMBER_TEXT || m->type == MEMBER_TEXT_OR_NULL)
		jsonw_text(w, f.data, f.len);
	else if (m->type == MEMBER_TEXTS)
		members_write_texts(w, c, m->tag);
	else if (m->type == MEMBER_TIME)
		jsonw_string(w, clock_text(number, time));
	else if (m->type == MEMBER_FLAG)
		jsonw_bool(w, number != 0);
	else if (m->type == MEMBER_MODE)
		jsonw_string(w, members_mode_text(number, mode));
	else
		jsonw_uint(w, number);
}

void members_write(struct jsonw *w, struct msg_cursor c, const struct member *table, size_t count)
{
	for (const struct member *m = table; m < table + count; m++) {
		if (m->type == MEMBER_END) {
			jsonw_object_end(w);
			continue;
		}
		jsonw_key(w, m->key);
		if (m->type == MEMBER_OBJECT)
			jsonw_object_begin(w);
		else
			write_value(w, m, c);
	}
}

void members_write_field(struct jsonw *w, struct msg_cursor c, const struct field *field)
{
	struct msg_field f = find(c, field->tag);
	uint64_t number = 0;
	msg_number(&f, &number);
	jsonw_key(w, field->name);
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_BYTES:
		jsonw_text(w, f.data, f.len);
		break;
	case FIELD_NUMBER:
		jsonw_uint(w, number);
		break;
	case FIELD_MILLI:
		jsonw_milli(w, number);
		break;
	case FIELD_FLAG:
		jsonw_bool(w, number != 0);
		break;
	case FIELD_LIST:
	case FIELD_COMMAS:
	case FIELD_MAP:
		members_write_texts(w, c, field->tag);
		break;
	}
}

bool members_next_record(struct msg_cursor *c, struct msg_cursor *record)
{
	struct msg_field f = {0};
	while (f.tag != TAG_RECORD)
		if (msg_next(c, &f) <= 0)
			return false;
	*record = *c;
	for (struct msg_cursor next = *c; msg_next(&next, &f) > 0 && f.tag != TAG_RECORD;)
		*c = next;
	record->left -= c->left;
	return true;
}

void members_reply(unsigned status, struct msg_cursor c, const struct member *table, size_t count,
		   const char *word)
{
	struct jsonw w;
	jsonw_init(&w, http_reply_buf());
	jsonw_object_begin(&w);
	members_write(&w, c, table, count);
	if (word) {
		jsonw_key(&w, "status");
		jsonw_string(&w, word);
	}
	jsonw_object_end(&w);
	http_reply_json(status, &w);
}
