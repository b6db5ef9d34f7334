/* SPDX-License-Identifier: MIT */
#include "change_read.h"

#include <string.h>

#include "create_read.h"
#include "fields.h"

struct snapshot_request {
	char *id, *name;
};

static bool read_snapshot_field(const struct msg_field *f, void *request, struct reply *r)
{
	struct snapshot_request *to = request;
	if (f->tag == TAG_ID)
		return fields_id(f, to->id, r);
	if (f->tag == TAG_SNAPSHOT_NAME)
		return fields_text(f, "snapshot", to->name, LIMIT_MODULE_BYTES + 1, r);
	return fields_refuse(r);
}

bool change_read_snapshot(struct msg_cursor fields, char id[LIMIT_ID_BYTES + 1],
			  char name[LIMIT_MODULE_BYTES + 1], struct reply *r)
{
	struct snapshot_request to = {id, name};
	id[0] = name[0] = '\0';
	if (!fields_read(fields, read_snapshot_field, &to, r) || !fields_has_id(id, r) ||
	    !fields_has_text(name, "snapshot", r))
		return false;
	if (snapshot_is_name(name, strlen(name), NULL))
		return true;
	reply_fail(r, 400, "bad_field",
		   "snapshot: \"%s\" is not a snapshot's name, like 900-snapshot-1", name);
	return false;
}

struct label_request {
	char *id;
	struct snapshot *snapshot;
};

static bool read_label_field(const struct msg_field *f, void *request, struct reply *r)
{
	struct label_request *to = request;
	char *label = to->snapshot->label;
	if (f->tag == TAG_ID)
		return fields_id(f, to->id, r);
	if (f->tag == TAG_LABEL)
		return fields_label(f, "label", label, sizeof(to->snapshot->label), r);
	return fields_refuse(r);
}

bool change_read_label(struct msg_cursor fields, char id[LIMIT_ID_BYTES + 1], struct snapshot *n,
		       struct reply *r)
{
	struct label_request to = {id, n};
	id[0] = '\0';
	memset(n, 0, sizeof(*n));
	return fields_read(fields, read_label_field, &to, r) && fields_has_id(id, r);
}

static bool read_activate_field(const struct msg_field *f, void *request, struct reply *r)
{
	struct activate *a = request;
	if (f->tag == TAG_ID)
		return fields_id(f, a->id, r);
	if (f->tag == TAG_MODULE)
		return create_read_module(f, "module", a->module, r);
	if (f->tag == TAG_FORCE)
		return fields_flag(f, "force", &a->force, r);
	return fields_refuse(r);
}

bool change_read_activate(struct msg_cursor fields, struct activate *a, struct reply *r)
{
	memset(a, 0, sizeof(*a));
	return fields_read(fields, read_activate_field, a, r) && fields_has_id(a->id, r) &&
	       fields_has_text(a->module, "module", r);
}

static bool read_allow_net_field(const struct msg_field *f, void *request, struct reply *r)
{
	struct sandbox *sb = request;
	if (f->tag == TAG_ID)
		return fields_id(f, sb->id, r);
	return f->tag == TAG_ALLOW_NET ? create_read_host(f, sb, r) : fields_refuse(r);
}

bool change_read_allow_net(struct msg_cursor fields, struct sandbox *sb, struct reply *r)
{
	memset(sb, 0, sizeof(*sb));
	return fields_read(fields, read_allow_net_field, sb, r) && fields_has_id(sb->id, r);
}

static bool read_right(const struct msg_field *f, struct token *t, struct reply *r)
{
	t->right = right_find((const char *)f->data, f->len);
	if (t->right == RIGHT_NONE)
		reply_fail(r, 400, "bad_field", "right must be read, run or admin");
	return t->right != RIGHT_NONE;
}

static bool read_token_field(const struct msg_field *f, void *request, struct reply *r)
{
	struct token *t = request;
	if (f->tag == TAG_NAME)
		return fields_name(f, "name", t->name, r);
	return f->tag == TAG_RIGHT ? read_right(f, t, r) : fields_refuse(r);
}

bool change_read_token(struct msg_cursor fields, struct token *t, struct reply *r)
{
	memset(t, 0, sizeof(*t));
	if (!fields_read(fields, read_token_field, t, r))
		return false;
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
