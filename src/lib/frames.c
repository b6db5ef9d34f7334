/* SPDX-License-Identifier: MIT */
#include "frames.h"

#include <string.h>

#define IS_LAST UINT32_C(0x80000000)

void frames_write_head(uint8_t head[FRAMES_HEAD_BYTES], size_t len, bool is_last)
{
	uint32_t number = (uint32_t)len | (is_last ? IS_LAST : 0);
	memcpy(head, &number, sizeof(number));
}

static void begin_frame(struct frames *f)
{
	uint32_t number;
	memcpy(&number, f->head, sizeof(number));
	f->head_len = 0;
	f->left = number & ~IS_LAST;
	f->is_last = number & IS_LAST;
}

size_t frames_read(struct frames *f, uint8_t *bytes, size_t len)
{
	size_t done = 0;
	for (size_t at = 0; at < len && !frames_have_ended(f);) {
		if (f->left == 0) {
			f->head[f->head_len++] = bytes[at++];
			if (f->head_len == sizeof(f->head))
				begin_frame(f);
			continue;
		}
		size_t n = len - at < f->left ? len - at : f->left;
		memmove(bytes + done, bytes + at, n);
		done += n;
		at += n;
		f->left -= (uint32_t)n;
	}
	return done;
}

bool frames_have_ended(const struct frames *f)
{
	return f->is_last && f->left == 0;
}
