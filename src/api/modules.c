/* SPDX-License-Identifier: MIT */
/* modules: what layers there are to build sandboxes of. */
#include "call.h"
#include "endpoints.h"

void get_modules(struct http_request *q)
{
	struct msg_cursor reply;
	struct msg_field f;
	struct jsonw w;
	uint64_t number = 0;
	bool open = false;
	unsigned status = call_squashd(q, MSG_MODULES, &reply);
	jsonw_init(&w, http_reply_buf());
	jsonw_array_begin(&w);
	while (msg_next(&reply, &f) > 0) {
		if (f.tag == TAG_RECORD) {
			if (open)
				jsonw_object_end(&w);
			jsonw_object_begin(&w);
			open = true;
		} else if (f.tag == TAG_NAME) {
			jsonw_key(&w, "name");
			jsonw_text(&w, f.data, f.len);
		} else if (msg_number(&f, &number) == 0) {
			jsonw_key(&w, f.tag == TAG_SIZE    ? "size"
				      : f.tag == TAG_USERS ? "sandboxes"
							   : "builtin");
			if (f.tag == TAG_BUILTIN)
				jsonw_bool(&w, number != 0);
			else
				jsonw_uint(&w, number);
		}
	}
	if (open)
		jsonw_object_end(&w);
	jsonw_array_end(&w);
	http_reply_json(status, &w);
}
