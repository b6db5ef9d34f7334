/* SPDX-License-Identifier: MIT */
/* A body whose length nobody knows before its end, on its way from front through httpd to whoever
 * takes it. httpd passes on bytes up to a length or the end of its connection, and the latter comes
 * as well when a client goes away; so front cuts the body into frames, of which the last is marked:
 * without that one the body isn't whole.
 *
 * A frame is a head of 4 bytes in native order, as both ends are on one machine: bit 31 says that
 * it is the last, the others how many bytes of the body follow, 0 too. So no bytes are a bad head.
 * Pure. */
#ifndef SQUASH_LIB_FRAMES_H
#define SQUASH_LIB_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAMES_HEAD_BYTES 4
#define FRAMES_DATA_MAX 0x7fffffff /* bytes in one */

/* A reader. All zero: nothing is read yet. */
struct frames {
	uint32_t left; /* bytes of this frame's data that are still to come */
	uint8_t head[FRAMES_HEAD_BYTES];
	size_t head_len; /* bytes of the next head that are there */
	bool is_last;    /* this frame */
};

/* Writes the head of a frame of len bytes, FRAMES_DATA_MAX at most. */
void frames_write_head(uint8_t head[FRAMES_HEAD_BYTES], size_t len, bool is_last);

/* Reads the next len bytes and moves what is the body's to their beginning. Returns how many that
 * is, perhaps 0. What comes behind the last frame is dropped. */
size_t frames_read(struct frames *f, uint8_t *bytes, size_t len);

/* Whether the body is whole: all of it was returned. */
bool frames_have_ended(const struct frames *f);

#endif
