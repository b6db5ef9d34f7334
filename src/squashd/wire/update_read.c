/* SPDX-License-Identifier: MIT */
#include "update_read.h"

#include "fields.h"
#include "lib/limits.h"

static bool read_field(const struct msg_field *f, void *request, struct reply *r)
{
	struct update *u = request;
	if (f->tag == TAG_SIZE)
		return fields_body_size(f, LIMIT_UPDATE_MIN_BYTES, &u->size, r);
	if (f->tag == TAG_DOWNGRADE)
		return fields_flag(f, "downgrade", &u->downgrade, r);
	return fields_refuse(r);
}

bool update_read(struct msg_cursor fields, struct update *u, struct reply *r)
{
	*u = (struct update){0};
	if (!fields_read(fields, read_field, u, r))
		return false;
	return u->size > 0 ? true : fields_refuse(r);
}
