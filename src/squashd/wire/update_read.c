/* SPDX-License-Identifier: MIT */
#include "update_read.h"

#include <string.h>

#include "fields.h"
#include "lib/limits.h"

static bool read_downgrade(const struct msg_field *f, struct update *u, struct reply *r)
{
	char text[8];
	if (!fields_text(f, "downgrade", text, sizeof(text), r))
		return false;
	u->downgrade = strcmp(text, "true") == 0;
	if (u->downgrade || strcmp(text, "false") == 0)
		return true;
	reply_fail(r, 400, "bad_field", "downgrade must be true or false");
	return false;
}

bool update_read(struct msg_cursor fields, struct update *u, struct reply *r)
{
	struct msg_field f;
	int rc;
	*u = (struct update){0};
	while ((rc = msg_next(&fields, &f)) > 0) {
		bool good = f.tag == TAG_SIZE
				    ? fields_number(&f, "Content-Length", LIMIT_UPDATE_MIN_BYTES,
						    LIMIT_UPLOAD_BYTES, &u->size, r)
			    : f.tag == TAG_DOWNGRADE ? read_downgrade(&f, u, r)
						     : fields_refuse(r);
		if (!good)
			return false;
	}
	return rc < 0 || u->size == 0 ? fields_refuse(r) : true;
}
