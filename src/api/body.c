/* SPDX-License-Identifier: MIT */
#include "body.h"

#include "call.h"

/* Enough for any request that keeps to the limits: 1024 names of env, or a body that is one string.
 * Past it the answer is 413. */
#define ARENA_BYTES (4 * 1024 * 1024)

void body_read(struct http_request *q, const struct body_form *form)
{
	static unsigned char memory[ARENA_BYTES] __attribute__((aligned(16)));
	struct arena arena = {.base = memory, .cap = sizeof(memory)};
	struct request_fault fault;

	if (http_read_body(q, form->optional, &fault) < 0 ||
	    body_parse(q->body, q->body_len, form, &arena, call_fields(), &fault) < 0) {
		call_require_token(q);
		http_reply_fault(&fault);
	}
}
