/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "lib/fd.h"
#include "lib/msg.h"
#include "seats.h"
#include "squashd/request/requests.h"
#include "squashd/store/caller.h"
#include "squashd/store/totals.h"
#include "squashd/wire/reply.h"

static char reply_memory[LIMIT_REPLY_BYTES];

/* We are here: that is the answer. */
static void request_health(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	(void)s;
	(void)fields;
	(void)r;
}

/* Every request that there is, and what it takes to be let in. */
static const struct operation {
	enum right right;
	void (*run)(const struct server *s, struct msg_cursor fields, struct reply *r);
	bool with_pipe; /* it takes a descriptor: s->passed_fd */
	bool soon;      /* it ends in a moment (SEAT_SOON) */
} operations[] = {
	[MSG_HEALTH] = {RIGHT_READ, request_health, .soon = true},
	[MSG_MODULES] = {RIGHT_READ, request_modules, .soon = true},
	[MSG_LIST] = {RIGHT_READ, request_list, .soon = true},
	[MSG_INFO] = {RIGHT_READ, request_info, .soon = true},
	[MSG_LOGS] = {RIGHT_READ, request_logs, .soon = true},
	[MSG_HISTORY] = {RIGHT_READ, request_history, .soon = true},
	[MSG_NETWORK] = {RIGHT_READ, request_network, .soon = true},
	[MSG_EXECS] = {RIGHT_READ, request_execs, .soon = true},
	[MSG_EXEC_INFO] = {RIGHT_READ, request_exec_info, .soon = true},
	[MSG_EXEC_OUTPUT] = {RIGHT_READ, request_exec_output},
	[MSG_SYSTEM] = {RIGHT_READ, request_system, .soon = true},
	[MSG_METRICS] = {RIGHT_READ, request_metrics, .soon = true},
	[MSG_CREATE] = {RIGHT_RUN, request_create},
	[MSG_DESTROY] = {RIGHT_RUN, request_destroy, .soon = true},
	[MSG_EXEC] = {RIGHT_RUN, request_exec},
	[MSG_EXEC_KILL] = {RIGHT_RUN, request_exec_kill, .soon = true},
	[MSG_GET_FILE] = {RIGHT_RUN, request_get_file},
	[MSG_PUT_FILE] = {RIGHT_RUN, request_put_file, .with_pipe = true},
	[MSG_DELETE_FILE] = {RIGHT_RUN, request_delete_file},
	[MSG_LIST_FILES] = {RIGHT_RUN, request_list_files},
	[MSG_GET_TAR] = {RIGHT_RUN, request_get_tar},
	[MSG_PUT_TAR] = {RIGHT_RUN, request_put_tar, .with_pipe = true},
	[MSG_GET_MODULE] = {RIGHT_RUN, request_get_module},
	[MSG_ACTIVATE] = {RIGHT_RUN, request_activate},
	[MSG_SNAPSHOT] = {RIGHT_RUN, request_snapshot},
	[MSG_RESTORE] = {RIGHT_RUN, request_restore},
	[MSG_DROP_SNAPSHOT] = {RIGHT_RUN, request_drop_snapshot, .soon = true},
	[MSG_ALLOW_NET] = {RIGHT_RUN, request_allow_net},
	[MSG_UPLOAD_MODULE] = {RIGHT_ADMIN, request_upload_module, .with_pipe = true},
	[MSG_FREEZE_MODULE] = {RIGHT_ADMIN, request_freeze_module},
	[MSG_DELETE_MODULE] = {RIGHT_ADMIN, request_delete_module, .soon = true},
	[MSG_UPDATE] = {RIGHT_ADMIN, request_update, .with_pipe = true},
	[MSG_REBOOT] = {RIGHT_ADMIN, request_reboot, .soon = true},
	[MSG_POWER_OFF] = {RIGHT_ADMIN, request_power_off, .soon = true},
	[MSG_TOKENS] = {RIGHT_ADMIN, request_tokens, .soon = true},
	[MSG_CREATE_TOKEN] = {RIGHT_ADMIN, request_create_token, .soon = true},
	[MSG_DROP_TOKEN] = {RIGHT_ADMIN, request_drop_token, .soon = true},
};

/* Find out whose request it is. False if it can't go on: the reply says why. */
static bool identify(const struct server *s, const struct msg_head *head, struct caller *c,
		     struct reply *r)
{
	char token[LIMIT_TOKEN_BYTES];
	struct err e;
	c->client = head->client;
	if (msg_recv_bytes(r->conn_fd, token, head->token_len, &e) < 0) {
		reply_fail(r, 400, "bad_message", "%s", e.text);
		return false;
	}
	if (!caller_identify(s, token, head->token_len, c)) {
		totals_deny(s->totals);
		reply_fail(r, 401, "unauthorized", "the bearer token is missing or wrong");
		return false;
	}
	if (c->anyone && head->public_host) {
		reply_fail(r, 403, "public_host",
			   "no token is set, and Host is a name that others may have given this "
			   "machine: set a token, or use its address");
		return false;
	}
	return true;
}

/* Find what is asked for. NULL if there is no such thing, or it is not for the caller: the reply
 * says so. */
static const struct operation *find(uint16_t kind, const struct caller *c, struct reply *r)
{
	static const struct operation none;
	bool known = kind < sizeof(operations) / sizeof(operations[0]);
	const struct operation *op = known ? &operations[kind] : &none;
	if (!op->run)
		reply_fail(r, 400, "bad_message", "unknown operation %u", kind);
	else if (c->right >= op->right)
		return op;
	else if (c->anyone)
		reply_fail(r, 403, "forbidden",
			   "this takes a token with the right \"%s\", and none is set: "
			   "SQUASH_AUTH_TOKEN, or a line of the file tokens on SQUASH-DATA, sets "
			   "one",
			   right_name(op->right));
	else
		reply_fail(r, 403, "forbidden",
			   "this takes a token with the right \"%s\", and this one has \"%s\"",
			   right_name(op->right), right_name(c->right));
	return NULL;
}

/* The text of its field TAG_ID, as far as it could be one; "" without. */
static void find_id(struct msg_cursor fields, char id[LIMIT_ID_BYTES + 1])
{
	struct msg_field f;
	id[0] = '\0';
	while (msg_next(&fields, &f) > 0)
		if (f.tag == TAG_ID && f.len <= LIMIT_ID_BYTES) {
			memcpy(id, f.data, f.len);
			id[f.len] = '\0';
			return;
		}
}

/* Whose reply it is that becomes long. */
static const struct server *serving;

static bool may_last(struct reply *r)
{
	struct err e;
	if (seats_admit(serving->seats, serving->seat, SEAT_LONG, "", &serving->caller->client, &e))
		return true;
	reply_fail(r, 503, "full", "%s", e.text);
	return false;
}

static bool admit(const struct server *s, const struct operation *op, struct msg_cursor fields,
		  const struct caller *c, struct reply *r)
{
	struct err e;
	char id[LIMIT_ID_BYTES + 1];
	find_id(fields, id);
	if (seats_admit(s->seats, s->seat, op->soon ? SEAT_SOON : SEAT_LONG, id, &c->client, &e))
		return true;
	reply_fail(r, 503, "full", "%s", e.text);
	return false;
}

/* Nothing of the request but its token is looked at before the token has been found good, and none
 * of its fields before it has been found good enough. */
static void serve(const struct server *s, struct reply *r)
{
	static uint8_t fields[LIMIT_MSG_BYTES];
	static struct server own;
	struct caller caller;
	struct msg_head head;
	struct err e;
	AUTO_FD passed = -1;
	if (msg_recv_head(r->conn_fd, &head, LIMIT_TOKEN_BYTES, LIMIT_MSG_BYTES, &e) < 0) {
		reply_fail(r, 400, "bad_message", "%s", e.text);
		return;
	}
	if (!identify(s, &head, &caller, r))
		return;
	const struct operation *op = find(head.kind, &caller, r);
	if (!op || head.asks_only)
		return;
	if (msg_recv_passed(r->conn_fd, fields, head.body_len, &passed, &e) < 0) {
		reply_fail(r, 400, "bad_message", "%s", e.text);
		return;
	}
	if (passed >= 0 && !op->with_pipe) {
		reply_fail(r, 400, "bad_message", "operation %u takes no descriptor", head.kind);
		return;
	}
	const struct msg_cursor cursor = {.at = fields, .left = head.body_len};
	if (!admit(s, op, cursor, &caller, r))
		return;
	own = *s;
	own.caller = &caller;
	own.passed_fd = passed;
	serving = &own;
	if (op->soon)
		r->may_last = may_last;
	op->run(&own, cursor, r);
}

void worker_serve(const struct server *s, int conn_fd)
{
	struct reply r = {.status = 200,
			  .body = {.data = reply_memory, .cap = sizeof(reply_memory)},
			  .conn_fd = conn_fd};
	struct timeval patience = {.tv_sec = LIMIT_REQUEST_SECONDS};
	setsockopt(conn_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	serve(s, &r);
	reply_send(&r);
}

void worker_refuse(int conn_fd)
{
	struct reply r = {.body = {.data = reply_memory, .cap = sizeof(reply_memory)},
			  .conn_fd = conn_fd};
	reply_fail(&r, 503, "full", "%d requests are under way already", LIMIT_WORKERS);
	reply_send(&r);
}
