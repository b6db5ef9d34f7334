/* SPDX-License-Identifier: MIT */
#include "files_read.h"

#include <string.h>

#include "fields.h"

static bool read_path(const struct msg_field *f, struct files_request *q, struct reply *r)
{
	if (!fields_text(f, "path", q->path, sizeof(q->path), r))
		return false;
	if (q->path[0] != '/')
		reply_fail(r, 400, "bad_field", "path must be absolute");
	return q->path[0] == '/';
}

static bool read_mode(const struct msg_field *f, struct files_request *q, struct reply *r)
{
	q->has_mode = fields_number(f, "mode", 0, 07777, &q->mode, r);
	return q->has_mode;
}

struct reading {
	enum msg_op op;
	struct files_request *q;
};

static bool read_field(const struct msg_field *f, void *request, struct reply *r)
{
	const struct reading *to = request;
	struct files_request *q = to->q;
	enum msg_op op = to->op;
	bool has_body = op == MSG_PUT_FILE || op == MSG_PUT_TAR;
	if (f->tag == TAG_ID)
		return fields_id(f, q->id, r);
	if (f->tag == TAG_PATH)
		return read_path(f, q, r);
	if (f->tag == TAG_MODE && op == MSG_PUT_FILE)
		return read_mode(f, q, r);
	if (f->tag == TAG_RECURSIVE && op == MSG_DELETE_FILE)
		return fields_flag(f, "recursive", &q->recursive, r);
	if (f->tag == TAG_SIZE && has_body)
		return fields_number(f, "Content-Length", 0, LIMIT_UPLOAD_BYTES, &q->size, r);
	return fields_refuse(r);
}

bool files_read_request(struct msg_cursor fields, enum msg_op op, struct files_request *q,
			struct reply *r)
{
	struct reading to = {op, q};
	*q = (struct files_request){0};
	return fields_read(fields, read_field, &to, r) && fields_has_id(q->id, r) &&
	       fields_has_text(q->path, "path", r);
}
