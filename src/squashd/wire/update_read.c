/* SPDX-License-Identifier: MIT */
#include "update_read.h"

#include "fields.h"
#include "lib/limits.h"

bool update_read(struct msg_cursor fields, struct update *u, struct reply *r)
{
	struct msg_field f;
	int rc;
	*u = (struct update){0};
	while ((rc = msg_next(&fields, &f)) > 0) {
		bool good = f.tag == TAG_SIZE
				    ? fields_number(&f, "Content-Length", LIMIT_UPDATE_MIN_BYTES,
						    LIMIT_UPLOAD_BYTES, &u->size, r)
			    : f.tag == TAG_DOWNGRADE
				    ? fields_flag(&f, "downgrade", &u->downgrade, r)
				    : fields_refuse(r);
		if (!good)
			return false;
	}
	return rc < 0 || u->size == 0 ? fields_refuse(r) : true;
}
