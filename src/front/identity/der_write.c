/* SPDX-License-Identifier: MIT */
#include "der_write.h"

#include <string.h>

size_t der_begin(struct buf *b, uint8_t tag)
{
	/* Room for a length below 128; der_end makes more where that is not enough. */
	const uint8_t head[2] = {tag, 0};
	buf_add(b, head, sizeof(head));
	return b->len;
}

/* X.690 10.1: definite, in as few bytes as can be. */
void der_end(struct buf *b, size_t begin)
{
	uint8_t length[3];
	size_t len = b->len - begin, more;
	if (b->full)
		return;
	if (len < 0x80) {
		length[0] = (uint8_t)len;
		more = 0;
	} else if (len <= 0xff) {
		length[0] = 0x81;
		length[1] = (uint8_t)len;
		more = 1;
	} else {
		length[0] = 0x82;
		length[1] = (uint8_t)(len >> 8);
		length[2] = (uint8_t)len;
		more = 2;
	}
	if (len > 0xffff) {
		b->full = true;
		return;
	}
	buf_add(b, length, more); /* what they are is written over */
	if (b->full)
		return;
	memmove(b->data + begin + more, b->data + begin, len);
	memcpy(b->data + begin - 1, length, more + 1);
}

void der_add(struct buf *b, uint8_t tag, const void *content, size_t len)
{
	size_t begin = der_begin(b, tag);
	buf_add(b, content, len);
	der_end(b, begin);
}
