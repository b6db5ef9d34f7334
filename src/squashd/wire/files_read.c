/* SPDX-License-Identifier: MIT */
#include "files_read.h"

#include <inttypes.h>
#include <stdio.h>
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

/* The decimal number that the text begins with, behind which *end is; no sign, no number above
 * what a sandbox has. */
static bool read_id(const char *text, const char **end, uint32_t *id)
{
	uint32_t number = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9' && number < LIMIT_IDS; at++)
		number = number * 10 + (uint32_t)(*at - '0');
	*end = at;
	*id = number;
	return at > text && number < LIMIT_IDS;
}

/* "root", "keep", UID or UID:GID. */
static bool read_owner(const struct msg_field *f, struct files_request *q, struct reply *r)
{
	char text[64];
	const char *end;
	uint32_t uid = 0, gid = 0;
	if (!fields_text(f, "owner", text, sizeof(text), r))
		return false;
	if (strcmp(text, "keep") == 0)
		return true;
	bool good = strcmp(text, "root") == 0;
	if (!good && read_id(text, &end, &uid)) {
		gid = uid;
		good = *end == '\0' ||
		       (*end == ':' && read_id(end + 1, &end, &gid) && *end == '\0');
	}
	if (good)
		snprintf(q->owner, sizeof(q->owner), "%" PRIu32 ":%" PRIu32, uid, gid);
	else
		reply_fail(
			r, 400, "bad_field",
			"owner is \"%s\"; it may be root, keep, UID or UID:GID, numbers below %d",
			text, LIMIT_IDS);
	return good;
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
	if (f->tag == TAG_OWNER && has_body)
		return read_owner(f, q, r);
	if (f->tag == TAG_RECURSIVE && op == MSG_DELETE_FILE)
		return fields_flag(f, "recursive", &q->recursive, r);
	if (f->tag == TAG_SIZE && has_body)
		return fields_body_size(f, 0, &q->size, r);
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
