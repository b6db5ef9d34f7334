/* SPDX-License-Identifier: MIT */
/* What failed, for a person: the operation, the object and the reason. */
#ifndef SQUASH_LIB_ERR_H
#define SQUASH_LIB_ERR_H

#define ERR_TEXT_BYTES 320

struct err {
	int number;                /* positive errno; 0: nothing failed yet */
	char text[ERR_TEXT_BYTES]; /* one line, NUL-terminated, no newline of its own */
};

/* Fill e with "<formatted text>: <strerror(number)>" and return -number, so that a function can
 * end in `return err_set(e, errno, "open %s", path)`. number is a positive errno; e may be NULL. */
int err_set(struct err *e, int number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same without the reason's text, for faults that errno has no good word for. */
int err_say(struct err *e, int number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Of several steps that are all tried, the first that failed: rc, which this tells of, is added to
 * what they came to so far. e is set to it. */
int err_keep_first(int so_far, int rc, struct err *e, const struct err *this);

#endif
