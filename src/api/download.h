/* SPDX-License-Identifier: MIT */
/* Replies whose body squashd sends in pieces: a file's bytes, as they are. */
#ifndef SQUASH_API_DOWNLOAD_H
#define SQUASH_API_DOWNLOAD_H

#include <stdint.h>

#include "lib/buf.h"

/* Write the head, with the fields in extra, each ended by CRLF; then what comes behind the first
 * piece, size bytes at most; and end the process. The head is out by then: if not all comes, it
 * ends too early, and as its connection does, the client sees that. */
void download_reply(const char *type, const char *extra, uint64_t size) __attribute__((noreturn));

/* The same of a file of that size, with Content-Length. extra (borrowed) has room for that field
 * still, and may have others before it. */
void download_reply_file(struct buf *extra, uint64_t size) __attribute__((noreturn));

#endif
