/* SPDX-License-Identifier: MIT */
/* The head of a reply, as squashctl reads it: what is taken ends within what is there, is of a
 * status that a reply has, and is the same however much stands behind it. */
#include "ctl/limits.h"
#include "ctl/reply_head.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reply_head r, again;
	if (size == 0 || size > CTL_REPLY_HEAD_BYTES)
		return 0;
	char *text = fuzz_copy(data, size);
	switch (reply_head_read(&r, text, size)) {
	case REPLY_HEAD:
		CHECK(r.len >= 4 && r.len <= size && memcmp(text + r.len - 4, "\r\n\r\n", 4) == 0);
		CHECK(r.status >= 200 && r.status <= 999 && r.mode >= -1 && r.mode <= 07777);
		CHECK(reply_head_read(&again, text, r.len) == REPLY_HEAD);
		CHECK(again.len == r.len && again.length == r.length && again.offset == r.offset);
		CHECK(reply_head_read(&again, text, r.len - 1) == REPLY_HEAD_MORE);
		break;
	case REPLY_HEAD_MORE:
		CHECK(size < CTL_REPLY_HEAD_BYTES);
		break;
	case REPLY_HEAD_BAD:
		break;
	}
	free(text);
	return 0;
}
