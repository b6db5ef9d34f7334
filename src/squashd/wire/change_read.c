/* SPDX-License-Identifier: MIT */
#include "change_read.h"

#include <string.h>

#include "create_read.h"
#include "fields.h"

bool change_read_snapshot(struct msg_cursor fields, char id[LIMIT_ID_BYTES + 1],
			  char name[LIMIT_MODULE_BYTES + 1], struct reply *r)
{
	struct msg_field f;
	int rc;
	id[0] = name[0] = '\0';
	while ((rc = msg_next(&fields, &f)) > 0) {
		bool good = f.tag == TAG_ID ? fields_id(&f, id, r)
			    : f.tag == TAG_SNAPSHOT_NAME
				    ? fields_text(&f, "snapshot", name, LIMIT_MODULE_BYTES + 1, r)
				    : fields_refuse(r);
		if (!good)
			return false;
	}
	if (rc < 0 || id[0] == '\0')
		return fields_refuse(r);
	if (name[0] == '\0')
		reply_fail(r, 400, "bad_field", "snapshot is missing");
	else if (!snapshot_is_name(name, strlen(name), NULL))
		reply_fail(r, 400, "bad_field",
			   "snapshot: \"%s\" is not a snapshot's name, like 900-snapshot-1", name);
	else
		return true;
	return false;
}

bool change_read_label(struct msg_cursor fields, char id[LIMIT_ID_BYTES + 1], struct snapshot *n,
		       struct reply *r)
{
	struct msg_field f;
	int rc;
	id[0] = '\0';
	memset(n, 0, sizeof(*n));
	while ((rc = msg_next(&fields, &f)) > 0) {
		bool good = f.tag == TAG_ID ? fields_id(&f, id, r)
			    : f.tag == TAG_LABEL
				    ? fields_label(&f, "label", n->label, sizeof(n->label), r)
				    : fields_refuse(r);
		if (!good)
			return false;
	}
	return rc == 0 && id[0] != '\0' ? true : fields_refuse(r);
}

static bool read_activate_field(const struct msg_field *f, struct activate *a, struct reply *r)
{
	switch (f->tag) {
	case TAG_ID:
		return fields_id(f, a->id, r);
	case TAG_MODULE:
		return create_read_module(f, "module", a->module, r);
	case TAG_FORCE:
		return fields_flag(f, "force", &a->force, r);
	default:
		return fields_refuse(r);
	}
}

bool change_read_activate(struct msg_cursor fields, struct activate *a, struct reply *r)
{
	struct msg_field f;
	int rc;
	memset(a, 0, sizeof(*a));
	while ((rc = msg_next(&fields, &f)) > 0)
		if (!read_activate_field(&f, a, r))
			return false;
	if (rc < 0 || a->id[0] == '\0')
		return fields_refuse(r);
	if (a->module[0] == '\0')
		reply_fail(r, 400, "bad_field", "module is missing");
	return a->module[0] != '\0';
}

bool change_read_allow_net(struct msg_cursor fields, struct sandbox *sb, struct reply *r)
{
	struct msg_field f;
	int rc;
	memset(sb, 0, sizeof(*sb));
	while ((rc = msg_next(&fields, &f)) > 0) {
		bool good = f.tag == TAG_ID          ? fields_id(&f, sb->id, r)
			    : f.tag == TAG_ALLOW_NET ? create_read_host(&f, sb, r)
						     : fields_refuse(r);
		if (!good)
			return false;
	}
	return rc == 0 && sb->id[0] != '\0' ? true : fields_refuse(r);
}

static bool read_right(const struct msg_field *f, struct token *t, struct reply *r)
{
	t->right = right_find((const char *)f->data, f->len);
	if (t->right == RIGHT_NONE)
		reply_fail(r, 400, "bad_field", "right must be read, run or admin");
	return t->right != RIGHT_NONE;
}

bool change_read_token(struct msg_cursor fields, struct token *t, struct reply *r)
{
	struct msg_field f;
	int rc;
	memset(t, 0, sizeof(*t));
	while ((rc = msg_next(&fields, &f)) > 0) {
		bool good = f.tag == TAG_NAME    ? fields_name(&f, "name", t->name, r)
			    : f.tag == TAG_RIGHT ? read_right(&f, t, r)
						 : fields_refuse(r);
		if (!good)
			return false;
	}
	if (rc < 0)
		return fields_refuse(r);
	bool whole = t->name[0] != '\0' && t->right != RIGHT_NONE;
	if (!whole)
		reply_fail(r, 400, "bad_field", "%s is missing", t->name[0] ? "right" : "name");
	return whole;
}

bool change_read_token_name(struct msg_cursor fields, char name[LIMIT_ID_BYTES + 1],
			    struct reply *r)
{
	struct msg_field f;
	if (msg_next(&fields, &f) != 1 || f.tag != TAG_NAME || fields.left > 0)
		return fields_refuse(r);
	return fields_name(&f, "name", name, r);
}
