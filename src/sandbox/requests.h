/* SPDX-License-Identifier: MIT */
/* What squashd does, one function a request. Each reads its fields (checked anew: api may have been
 * taken over), acts, and fills the reply. */
#ifndef SQUASH_REQUESTS_H
#define SQUASH_REQUESTS_H

#include "lib/msg.h"
#include "reply.h"
#include "sandbox.h"

void request_modules(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_list(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_info(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_create(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_destroy(const struct server *s, struct msg_cursor fields, struct reply *r);

void request_activate(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_snapshot(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_restore(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_drop_snapshot(const struct server *s, struct msg_cursor fields, struct reply *r);

void request_allow_net(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_network(const struct server *s, struct msg_cursor fields, struct reply *r);

void request_logs(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_history(const struct server *s, struct msg_cursor fields, struct reply *r);

/* Sends its reply itself, to conn_fd, as it has work left after that. */
void request_exec(const struct server *s, struct msg_cursor fields, struct reply *r, int conn_fd);

/* The file comes out of pipe_fd (borrowed), which may be anything, and -1. */
void request_upload_module(const struct server *s, struct msg_cursor fields, struct reply *r,
			   int pipe_fd);
void request_delete_module(const struct server *s, struct msg_cursor fields, struct reply *r);

#endif
