/* SPDX-License-Identifier: MIT */
/* Words as /bin/sh reads them back. Pure. */
#ifndef SQUASH_CTL_QUOTE_H
#define SQUASH_CTL_QUOTE_H

#include <stddef.h>

#include "lib/buf.h"

/* The words as one command of the shell: each is taken as it is, whatever is in it. One word alone
 * is a command of the shell already, and stays as it is. */
void quote_words(const char *const *words, size_t count, struct buf *out);

#endif
