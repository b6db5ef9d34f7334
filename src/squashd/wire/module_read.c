/* SPDX-License-Identifier: MIT */
#include "module_read.h"

#include <string.h>

#include "create_read.h"
#include "fields.h"
#include "squashd/store/manifest.h"

static bool read_sha256(const struct msg_field *f, struct upload *u, struct reply *r)
{
	u->has_sha256 = sha256_read((const char *)f->data, f->len, u->sha256);
	if (!u->has_sha256)
		reply_fail(r, 400, "bad_field", "sha256 must be 64 hexadecimal digits");
	return u->has_sha256;
}

static bool read_upload_field(const struct msg_field *f, void *request, struct reply *r)
{
	struct upload *u = request;
	switch (f->tag) {
	case TAG_MODULE:
		return create_read_module(f, "name", u->name, r);
	case TAG_SIZE:
		return fields_body_size(f, 1, &u->size, r);
	case TAG_SHA256:
		return read_sha256(f, u, r);
	default:
		return fields_refuse(r);
	}
}

bool module_read_upload(struct msg_cursor fields, struct upload *u, struct reply *r)
{
	memset(u, 0, sizeof(*u));
	if (!fields_read(fields, read_upload_field, u, r))
		return false;
	return u->size > 0 ? fields_has_text(u->name, "name", r) : fields_refuse(r);
}

static bool read_version(const struct msg_field *f, struct module_freeze *m, struct reply *r)
{
	if (!manifest_is_version((const char *)f->data, f->len)) {
		reply_fail(r, 400, "bad_field",
			   "version must be 1 to %d printable ASCII characters without a space",
			   LIMIT_VERSION_BYTES);
		return false;
	}
	memcpy(m->version, f->data, f->len);
	m->version[f->len] = '\0';
	return true;
}

static bool read_freeze_field(const struct msg_field *f, void *request, struct reply *r)
{
	struct module_freeze *m = request;
	if (f->tag == TAG_ID)
		return fields_id(f, m->id, r);
	if (f->tag == TAG_MODULE)
		return create_read_module(f, "name", m->name, r);
	return f->tag == TAG_VERSION ? read_version(f, m, r) : fields_refuse(r);
}

bool module_read_freeze(struct msg_cursor fields, struct module_freeze *m, struct reply *r)
{
	*m = (struct module_freeze){.version = "1"};
	return fields_read(fields, read_freeze_field, m, r) && fields_has_id(m->id, r) &&
	       fields_has_text(m->name, "name", r);
}

bool module_read_name(struct msg_cursor fields, char name[LIMIT_MODULE_BYTES + 1], struct reply *r)
{
	struct msg_field f;
	if (msg_next(&fields, &f) != 1 || f.tag != TAG_MODULE || fields.left > 0)
		return fields_refuse(r);
	return create_read_module(&f, "name", name, r);
}
