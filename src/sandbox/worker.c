/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/msg.h"
#include "lib/token.h"
#include "reply.h"
#include "requests.h"

static char reply_memory[LIMIT_REPLY_BYTES];

static void dispatch(const struct server *s, uint16_t op, struct msg_cursor fields, struct reply *r)
{
	switch (op) {
	case MSG_HEALTH:
		break; /* we are here: that is the answer */
	case MSG_MODULES:
		request_modules(s, fields, r);
		break;
	case MSG_LIST:
		request_list(s, fields, r);
		break;
	case MSG_CREATE:
		request_create(s, fields, r);
		break;
	case MSG_INFO:
		request_info(s, fields, r);
		break;
	case MSG_DESTROY:
		request_destroy(s, fields, r);
		break;
	case MSG_LOGS:
		request_logs(s, fields, r);
		break;
	case MSG_HISTORY:
		request_history(s, fields, r);
		break;
	case MSG_ACTIVATE:
		request_activate(s, fields, r);
		break;
	case MSG_SNAPSHOT:
		request_snapshot(s, fields, r);
		break;
	case MSG_RESTORE:
		request_restore(s, fields, r);
		break;
	case MSG_DROP_SNAPSHOT:
		request_drop_snapshot(s, fields, r);
		break;
	case MSG_ALLOW_NET:
		request_allow_net(s, fields, r);
		break;
	case MSG_NETWORK:
		request_network(s, fields, r);
		break;
	case MSG_DELETE_MODULE:
		request_delete_module(s, fields, r);
		break;
	default:
		reply_fail(r, 400, "bad_message", "unknown operation %u", op);
	}
}

static void answer(int conn_fd, const struct reply *r)
{
	struct err e;
	if (msg_send(conn_fd, r->status, NULL, 0, &r->body, &e) == -EMSGSIZE) {
		struct reply large = *r;
		reply_fail(&large, 500, "internal", "the reply is larger than %d bytes",
			   LIMIT_REPLY_BYTES);
		msg_send(conn_fd, large.status, NULL, 0, &large.body, &e);
	}
}

/* Nothing of the request but its token is looked at before the token has been found good. */
static bool is_allowed(const struct server *s, int conn_fd, const struct msg_head *head,
		       struct err *e)
{
	char token[LIMIT_TOKEN_BYTES];
	if (msg_recv_bytes(conn_fd, token, head->token_len, e) < 0)
		return false;
	e->number = EACCES;
	return s->token_len == 0 || token_equal(token, head->token_len, s->token, s->token_len);
}

void worker_serve(const struct server *s, int conn_fd)
{
	static uint8_t fields[LIMIT_MSG_BYTES];
	struct reply r = {.status = 200,
			  .body = {.data = reply_memory, .cap = sizeof(reply_memory)}};
	struct timeval patience = {.tv_sec = LIMIT_REQUEST_SECONDS};
	struct msg_head head;
	struct err e;
	AUTO_FD passed = -1;

	setsockopt(conn_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (msg_recv_head(conn_fd, &head, LIMIT_TOKEN_BYTES, LIMIT_MSG_BYTES, &e) < 0) {
		reply_fail(&r, 400, "bad_message", "%s", e.text);
		answer(conn_fd, &r);
		return;
	}
	if (!is_allowed(s, conn_fd, &head, &e)) {
		if (e.number == EACCES)
			reply_fail(&r, 401, "unauthorized", "the bearer token is missing or wrong");
		else
			reply_fail(&r, 400, "bad_message", "%s", e.text);
		answer(conn_fd, &r);
		return;
	}
	if (msg_recv_passed(conn_fd, fields, head.body_len, &passed, &e) < 0) {
		reply_fail(&r, 400, "bad_message", "%s", e.text);
		answer(conn_fd, &r);
		return;
	}
	if (passed >= 0 && head.kind != MSG_UPLOAD_MODULE) {
		reply_fail(&r, 400, "bad_message", "operation %u takes no descriptor", head.kind);
		answer(conn_fd, &r);
		return;
	}
	struct msg_cursor cursor = {.at = fields, .left = head.body_len};
	if (head.kind == MSG_EXEC) {
		request_exec(s, cursor, &r, conn_fd);
	} else if (head.kind == MSG_UPLOAD_MODULE) {
		request_upload_module(s, cursor, &r, passed);
		answer(conn_fd, &r);
	} else {
		dispatch(s, head.kind, cursor, &r);
		answer(conn_fd, &r);
	}
}

void worker_refuse(int conn_fd)
{
	struct reply r = {.body = {.data = reply_memory, .cap = sizeof(reply_memory)}};
	reply_fail(&r, 503, "full", "%d requests are under way already", LIMIT_WORKERS);
	answer(conn_fd, &r);
}
