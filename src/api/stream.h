/* SPDX-License-Identifier: MIT */
/* A reply of many lines, each a JSON object (application/x-ndjson). */
#ifndef SQUASH_API_STREAM_H
#define SQUASH_API_STREAM_H

#include "lib/msg.h"
#include "members.h"

/* Pass on a command's output as it comes, from its first piece (of kind MSG_PIECE) on, then its
 * result, as the members of the table say, or the error that it ended with; end the process. */
void stream_reply(unsigned status, struct msg_cursor reply, const struct member *result,
		  size_t count) __attribute__((noreturn));

#endif
