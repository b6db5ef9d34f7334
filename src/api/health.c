/* SPDX-License-Identifier: MIT */
/* health: squashd answers. */
#include "call.h"
#include "endpoints.h"

void get_health(struct http_request *q)
{
	struct msg_cursor reply;
	struct jsonw w;
	unsigned status = call_squashd(q, MSG_HEALTH, &reply);
	jsonw_init(&w, http_reply_buf());
	jsonw_object_begin(&w);
	jsonw_key(&w, "status");
	jsonw_string(&w, "ok");
	jsonw_object_end(&w);
	http_reply_json(status, &w);
}
