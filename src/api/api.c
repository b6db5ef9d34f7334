/* SPDX-License-Identifier: MIT */
/* The CGI program behind every endpoint: it parses what the network sent, as a user that owns
 * nothing, and asks squashd. */
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "array.h"
#include "call.h"
#include "query.h"
#include "routes.h"

/* Enough for any request that keeps to the limits: 1024 names of env, or a body that is one string.
 * Past it the answer is 413. */
#define ARENA_BYTES (4 * 1024 * 1024)

static int read_json(struct http_request *q, const struct body_form *form, struct buf *fields,
		     struct request_fault *fault)
{
	static unsigned char memory[ARENA_BYTES] __attribute__((aligned(16)));
	struct arena arena = {.base = memory, .cap = sizeof(memory)};
	int rc = http_read_body(q, fault);
	return rc < 0 ? rc : body_parse(q->body, q->body_len, form, &arena, fields, fault);
}

/* All that can be said of a body that is still to come. */
static int check_length(const struct body_form *form, struct request_fault *fault)
{
	size_t len;
	return form->is_file ? http_stream_len(form->optional, LIMIT_UPLOAD_BYTES, &len, fault)
			     : http_body_len(&len, fault);
}

/* Say how long the file is. *passed_fd: what squashd is to read it from; -1: there is nothing. */
static int pass_file(const struct body_form *form, struct buf *fields, int *passed_fd,
		     struct request_fault *fault)
{
	size_t len;
	int rc = http_stream_len(form->optional, LIMIT_UPLOAD_BYTES, &len, fault);
	if (rc < 0)
		return rc;
	msg_add_number(fields, TAG_SIZE, len == REQUEST_FRAMED ? MSG_FRAMED : len);
	if (len > 0 || !form->optional)
		*passed_fd = STDIN_FILENO;
	return 0;
}

/* Gather what the endpoint takes from the path, the query and the body, if that is there. 0, or
 * -EINVAL with fault filled. */
static int gather(const struct endpoint *e, struct http_request *q, struct buf *fields,
		  int *passed_fd, struct request_fault *fault)
{
	int rc = routes_add_variables(e, q->path, fields, fault);
	if (rc == 0 && e->query.known)
		rc = query_parse(q->query, e->query.known, e->query.count, fields, fault);
	if (rc < 0 || !e->body)
		return rc;
	if (q->from.asks_only)
		return check_length(e->body, fault);
	return e->body->is_file ? pass_file(e->body, fields, passed_fd, fault)
				: read_json(q, e->body, fields, fault);
}

static void __attribute__((noreturn))
reply(const struct reply_form *form, unsigned status, struct msg_cursor fields)
{
	switch (form->type) {
	case REPLY_EMPTY:
		http_reply_empty(status);
	case REPLY_OBJECT:
		members_reply(status, fields, form->members, form->count, form->status);
	case REPLY_ARRAY:
		array_reply_members(status, fields, form->members, form->count);
	case REPLY_OWN:
		break;
	}
	form->write(status, fields);
	__builtin_unreachable(); /* it has ended the process */
}

static void __attribute__((noreturn)) serve(const struct endpoint *e, struct http_request *q)
{
	struct msg_cursor fields;
	struct request_fault fault;
	int passed_fd = -1;
	if (gather(e, q, call_fields(), &passed_fd, &fault) < 0) {
		call_require_token(q);
		http_reply_fault(&fault);
	}
	if (q->from.asks_only) {
		call_authorise(q, e->op);
		http_reply_empty(204);
	}
	unsigned status = call_squashd(q, e->op, passed_fd, &fields);
	reply(&e->reply, status, fields);
}

int main(void)
{
	char path[REQUEST_PATH_BYTES], allowed[64];
	struct http_request q;
	struct buf methods = {.data = allowed, .cap = sizeof(allowed)};

	prctl(PR_SET_DUMPABLE, 0); /* the caller's token is in our memory */
	signal(SIGPIPE, SIG_IGN);
	http_read_request(&q, path, sizeof(path));
	const struct endpoint *e = routes_find(&q, &methods);
	if (e)
		serve(e, &q);
	call_require_token(&q); /* a stranger does not even learn what there is */
	if (methods.len > 0)
		http_reply_method(allowed);
	http_reply_error(404, "not_found", "there is no such endpoint");
}
