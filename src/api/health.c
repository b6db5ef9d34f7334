/* SPDX-License-Identifier: MIT */
/* health, and what stands for endpoints to come. */
#include "call.h"
#include "endpoints.h"

void get_health(struct http_request *q, const char *id)
{
	struct msg_cursor reply;
	struct jsonw w;
	(void)id;
	unsigned status = call_squashd(q, MSG_HEALTH, &reply);
	jsonw_init(&w, http_reply_buf());
	jsonw_object_begin(&w);
	jsonw_key(&w, "status");
	jsonw_string(&w, "ok");
	jsonw_object_end(&w);
	http_reply_json(status, &w);
}

void not_implemented(struct http_request *q, const char *id)
{
	(void)id;
	call_require_token(q);
	http_reply_error(501, "not_implemented", "this endpoint is not there yet");
}
