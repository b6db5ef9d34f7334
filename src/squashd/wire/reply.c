/* SPDX-License-Identifier: MIT */
#include "reply.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "lib/limits.h"
#include "lib/msg.h"

void reply_send(struct reply *r)
{
	struct err e;
	if (r->sent)
		return;
	r->sent = true;
	if (msg_send(r->conn_fd, r->status, NULL, &r->body, &e) == -EMSGSIZE) {
		reply_fail(r, 500, "internal", "the reply is larger than %d bytes",
			   LIMIT_REPLY_BYTES);
		msg_send(r->conn_fd, r->status, NULL, &r->body, &e);
	}
	shutdown(r->conn_fd, SHUT_WR);
}

/* Whoever reads it may take his time, as front lets him (4 KB a second), but not let it stand still
 * for longer than this. */
static const struct timeval patience = {.tv_sec = LIMIT_LIST_STALL_S};

bool reply_may_go_on(struct reply *r)
{
	struct err e;
	if (r->body.len < LIMIT_PIECE_BYTES)
		return true;
	if (r->may_last && !r->may_last(r))
		return false;
	r->may_last = NULL;
	setsockopt(r->conn_fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	r->sent = msg_send(r->conn_fd, MSG_PIECE, NULL, &r->body, &e) < 0;
	r->body.len = 0;
	return !r->sent;
}

void reply_fail(struct reply *r, uint16_t status, const char *code, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	r->status = status;
	r->body.len = 0;
	r->body.full = false;
	msg_add_text(&r->body, TAG_ERROR, text);
	msg_add_text(&r->body, TAG_CODE, code);
}

void reply_err(struct reply *r, const struct err *e)
{
	switch (e->number) {
	case ENOSPC:
	case EDQUOT:
		reply_fail(r, 507, "no_space", "%s", e->text);
		break;
	case EAGAIN:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
		reply_fail(r, 503, "full", "%s", e->text);
		break;
	case EMEDIUMTYPE:
		reply_fail(r, 400, "bad_module", "%s", e->text);
		break;
	default:
		reply_fail(r, 500, "internal", "%s", e->text);
	}
}

void reply_sandbox_err(struct reply *r, const struct err *e)
{
	if (e->number == ENOENT)
		reply_fail(r, 404, "not_found", "%s", e->text);
	else if (e->number == EBUSY || e->number == ESRCH)
		reply_fail(r, 409, "busy", "%s", e->text);
	else
		reply_err(r, e);
}

void reply_capture_err(struct reply *r, const char *id, const struct err *e)
{
	if (e->number == ECANCELED)
		reply_fail(r, 409, "busy", "sandbox %s is being destroyed", id);
	else if (e->number == ENAMETOOLONG || e->number == ETIMEDOUT)
		reply_fail(r, 409, "too_much", "%s", e->text);
	else
		reply_sandbox_err(r, e);
}
