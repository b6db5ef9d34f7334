/* SPDX-License-Identifier: MIT */
#include "upload.h"

#include "call.h"

void upload_begin(struct http_request *q, const struct query_parameter *known, size_t count)
{
	struct request_fault fault;
	size_t len;
	if (query_parse(q->query, known, count, call_fields(), &fault) < 0 ||
	    http_stream_len(false, LIMIT_UPLOAD_BYTES, &len, &fault) < 0) {
		call_require_token(q);
		http_reply_fault(&fault);
	}
	msg_add_number(call_fields(), TAG_SIZE, len);
}
