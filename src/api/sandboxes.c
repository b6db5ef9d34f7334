/* SPDX-License-Identifier: MIT */
/* sandboxes and sandboxes/:id: create, list, info, destroy; sandboxes/:id/allow_net. */
#include "body.h"
#include "call.h"
#include "endpoints.h"
#include "record.h"

void get_sandboxes(struct http_request *q)
{
	struct msg_cursor reply;
	unsigned status = call_squashd(q, MSG_LIST, &reply);
	record_reply_all(status, reply);
}

void create_sandbox(struct http_request *q)
{
	struct msg_cursor reply;
	body_read(q, &body_form_create);
	unsigned status = call_squashd(q, MSG_CREATE, &reply);
	record_reply(status, reply);
}

void get_sandbox(struct http_request *q)
{
	struct msg_cursor reply;
	msg_add_text(call_fields(), TAG_ID, q->id);
	unsigned status = call_squashd(q, MSG_INFO, &reply);
	record_reply(status, reply);
}

void change_allow_net(struct http_request *q)
{
	struct msg_cursor reply;
	msg_add_text(call_fields(), TAG_ID, q->id);
	body_read(q, &body_form_allow_net);
	unsigned status = call_squashd(q, MSG_ALLOW_NET, &reply);
	record_reply(status, reply);
}

void destroy_sandbox(struct http_request *q)
{
	struct msg_cursor reply;
	msg_add_text(call_fields(), TAG_ID, q->id);
	http_reply_empty(call_squashd(q, MSG_DESTROY, &reply));
}
