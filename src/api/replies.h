/* SPDX-License-Identifier: MIT */
/* Replies that are more than a table of members. Each sends the whole reply, from the status and
 * fields that squashd has sent, and ends the process. */
#ifndef SQUASH_API_REPLIES_H
#define SQUASH_API_REPLIES_H

#include "lib/msg.h"

/* An exec's result, in pieces if squashd sends pieces; or which number a detached one has. */
void reply_exec(unsigned status, struct msg_cursor fields) __attribute__((noreturn));

/* Detached commands: all, one, and some of one's output, as it is. */
void reply_execs(unsigned status, struct msg_cursor fields) __attribute__((noreturn));
void reply_exec_info(unsigned status, struct msg_cursor fields) __attribute__((noreturn));
void reply_exec_output(unsigned status, struct msg_cursor fields) __attribute__((noreturn));

/* Downloads. The head is out before the last byte has come from squashd: if not all comes, the body
 * ends too early, and as its connection does, the client sees that. */
void reply_file(unsigned status, struct msg_cursor fields) __attribute__((noreturn));
void reply_tar(unsigned status, struct msg_cursor fields) __attribute__((noreturn));
void reply_module(unsigned status, struct msg_cursor fields) __attribute__((noreturn));

/* Journals: an array of their lines, as squashd sends them; a sandbox's network as a member. */
void reply_logs(unsigned status, struct msg_cursor fields) __attribute__((noreturn));
void reply_history(unsigned status, struct msg_cursor fields) __attribute__((noreturn));
void reply_network(unsigned status, struct msg_cursor fields) __attribute__((noreturn));

/* For Prometheus. */
void reply_metrics(unsigned status, struct msg_cursor fields) __attribute__((noreturn));

/* What the API is; squashd has been asked whether the token is good. */
void reply_openapi(unsigned status, struct msg_cursor fields) __attribute__((noreturn));

#endif
