/* SPDX-License-Identifier: MIT */
#include "execs_read.h"

#include <stdint.h>
#include <string.h>

#include "fields.h"

static bool read_stream(const struct msg_field *f, int *which, struct reply *r)
{
	char name[8];
	if (!fields_text(f, "stream", name, sizeof(name), r))
		return false;
	*which = strcmp(name, "stdout") == 0 ? 0 : strcmp(name, "stderr") == 0 ? 1 : -1;
	if (*which < 0)
		reply_fail(r, 400, "bad_field", "stream must be stdout or stderr");
	return *which >= 0;
}

struct reading {
	bool output;
	struct exec_question *q;
};

static bool read_field(const struct msg_field *f, void *request, struct reply *r)
{
	const struct reading *to = request;
	struct exec_question *q = to->q;
	bool output = to->output;
	if (f->tag == TAG_ID)
		return fields_id(f, q->id, r);
	if (f->tag == TAG_EXEC)
		return fields_number(f, "the command's number", 1, INT64_MAX, &q->number, r);
	if (f->tag == TAG_OUTPUT && output)
		return read_stream(f, &q->which, r);
	if (f->tag == TAG_OFFSET && output)
		return fields_number(f, "offset", 0, INT64_MAX, &q->offset, r);
	if (f->tag == TAG_WAIT && output)
		return fields_number(f, "wait", 0, LIMIT_OUTPUT_WAIT_S, &q->wait_s, r);
	return fields_refuse(r);
}

bool execs_read(struct msg_cursor fields, bool output, struct exec_question *q, struct reply *r)
{
	struct reading to = {output, q};
	*q = (struct exec_question){.which = -1};
	if (!fields_read(fields, read_field, &to, r))
		return false;
	if (q->id[0] == '\0' || q->number == 0)
		return fields_refuse(r);
	if (output && q->which < 0) {
		reply_fail(r, 400, "bad_field", "stream is missing: stdout or stderr");
		return false;
	}
	return true;
}
