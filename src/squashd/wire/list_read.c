/* SPDX-License-Identifier: MIT */
#include "list_read.h"

#include "create_read.h"
#include "fields.h"

_Static_assert(LIMIT_ID_BYTES <= LIMIT_MODULE_BYTES, "an id fits into after");

struct reading {
	enum list_kind kind;
	struct list_question *q;
};

static bool read_after(const struct msg_field *f, const struct reading *to, struct reply *r)
{
	switch (to->kind) {
	case LIST_OF_SANDBOXES:
		return fields_name(f, "after", to->q->after, r);
	case LIST_OF_MODULES:
		return create_read_module(f, "after", to->q->after, r);
	case LIST_OF_EXECS:
	case LIST_OF_EVENTS:
		break;
	}
	return fields_refuse(r);
}

static bool read_field(const struct msg_field *f, void *request, struct reply *r)
{
	const struct reading *to = request;
	struct list_question *q = to->q;
	bool by_number = to->kind == LIST_OF_EXECS || to->kind == LIST_OF_EVENTS;
	if (f->tag == TAG_ID && to->kind == LIST_OF_EXECS)
		return fields_id(f, q->id, r);
	if (f->tag == TAG_AFTER)
		return read_after(f, to, r);
	if (f->tag == TAG_AFTER_NUMBER && by_number)
		return fields_number(f, "after", 1, INT64_MAX, &q->after_number, r);
	if (f->tag == TAG_LIMIT)
		return fields_number(f, "limit", 1, LIMIT_PAGE, &q->limit, r);
	return fields_refuse(r);
}

bool list_read(struct msg_cursor fields, enum list_kind kind, struct list_question *q,
	       struct reply *r)
{
	*q = (struct list_question){.limit = UINT64_MAX};
	struct reading to = {kind, q};
	return fields_read(fields, read_field, &to, r) &&
	       (kind != LIST_OF_EXECS || fields_has_id(q->id, r));
}
