/* SPDX-License-Identifier: MIT */
/* What squashd does, one function a request. Each reads its fields (checked anew: api may have been
 * taken over), acts, and fills the reply. */
#ifndef SQUASH_SQUASHD_REQUEST_REQUESTS_H
#define SQUASH_SQUASHD_REQUEST_REQUESTS_H

#include "lib/msg.h"
#include "squashd/sandbox.h"
#include "squashd/wire/reply.h"

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

/* These send their reply themselves, as they have work left after that. */
void request_exec(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_reboot(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_power_off(const struct server *s, struct msg_cursor fields, struct reply *r);

void request_execs(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_exec_info(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_exec_output(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_exec_kill(const struct server *s, struct msg_cursor fields, struct reply *r);

void request_get_file(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_put_file(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_delete_file(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_list_files(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_get_tar(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_put_tar(const struct server *s, struct msg_cursor fields, struct reply *r);

void request_system(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_metrics(const struct server *s, struct msg_cursor fields, struct reply *r);

void request_tokens(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_create_token(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_drop_token(const struct server *s, struct msg_cursor fields, struct reply *r);

void request_upload_module(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_update(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_get_module(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_freeze_module(const struct server *s, struct msg_cursor fields, struct reply *r);
void request_delete_module(const struct server *s, struct msg_cursor fields, struct reply *r);

#endif
