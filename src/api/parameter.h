/* SPDX-License-Identifier: MIT */
/* A value in a URL, in its path or behind its ?, turned into a field of the message: under which
 * tag, and of what type. Which numbers and texts are good is squashd's to say. Pure. */
#ifndef SQUASH_API_PARAMETER_H
#define SQUASH_API_PARAMETER_H

#include "lib/buf.h"
#include "lib/msg.h"
#include "request.h"

enum parameter_type {
	PARAMETER_TEXT,
	PARAMETER_NUMBER, /* decimal digits: a number */
	PARAMETER_DIGIT,  /* 0 or 1: a flag */
	PARAMETER_WORD,   /* false or true: a flag */
	PARAMETER_MODE,   /* of a file, octal digits up to 7777 or 07777: a number */
};

struct parameter {
	const char *name;
	enum parameter_type type;
	enum msg_tag tag;
};

/* Append the field that text, without a NUL, stands for. 0, or -EINVAL with fault filled, a 400
 * with the parameter's name and value: the text is not of its type. fields->full is for the caller
 * to see. */
int parameter_add(const struct parameter *p, const char *text, struct buf *fields,
		  struct request_fault *fault);

#endif
