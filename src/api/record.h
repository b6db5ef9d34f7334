/* SPDX-License-Identifier: MIT */
/* Replies of sandboxes, with their snapshots. */
#ifndef SQUASH_API_RECORD_H
#define SQUASH_API_RECORD_H

#include "lib/msg.h"

/* Reply with the info object of the first sandbox in the message, and end the process. */
void record_reply(unsigned status, struct msg_cursor c) __attribute__((noreturn));

/* The same with an array of all. */
void record_reply_all(unsigned status, struct msg_cursor c) __attribute__((noreturn));

#endif
