/* SPDX-License-Identifier: MIT */
#include "call.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/paths.h"

struct buf *call_fields(void)
{
	static char memory[LIMIT_MSG_BYTES];
	static struct buf fields = {.data = memory, .cap = sizeof(memory)};
	return &fields;
}

static int open_socket(struct err *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = PATH_HTTP_SOCKET};
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(e, errno, "make socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_set(e, errno, "connect to squashd");
	return fd_steal(&fd);
}

static void write_processes(struct jsonw *w, struct msg_cursor fields)
{
	struct msg_field f;
	uint64_t pid;
	bool open = false;
	jsonw_key(w, "processes");
	jsonw_array_begin(w);
	while (msg_next(&fields, &f) > 0) {
		if (f.tag == TAG_PROCESS) {
			if (open)
				jsonw_object_end(w);
			jsonw_object_begin(w);
			open = true;
		} else if (f.tag == TAG_PID && msg_number(&f, &pid) == 0) {
			jsonw_key(w, "pid");
			jsonw_uint(w, pid);
		} else if (f.tag == TAG_CMD) {
			jsonw_key(w, "cmd");
			jsonw_text(w, f.data, f.len);
		}
	}
	if (open)
		jsonw_object_end(w);
	jsonw_array_end(w);
}

void call_write_failure(struct jsonw *w, struct msg_cursor fields)
{
	char text[1024] = "no reason was given", code[64] = "internal";
	bool processes = false;
	struct msg_field f;
	for (struct msg_cursor c = fields; msg_next(&c, &f) > 0;) {
		char *to = f.tag == TAG_ERROR ? text : f.tag == TAG_CODE ? code : NULL;
		size_t cap = f.tag == TAG_ERROR ? sizeof(text) : sizeof(code);
		processes = processes || f.tag == TAG_PROCESS;
		if (!to || f.len >= cap)
			continue;
		memcpy(to, f.data, f.len);
		to[f.len] = '\0';
	}
	http_write_error(w, code, text);
	if (processes)
		write_processes(w, fields);
}

static void __attribute__((noreturn)) reply_failure(unsigned status, struct msg_cursor fields)
{
	struct jsonw w;
	http_begin_error(&w);
	call_write_failure(&w, fields);
	jsonw_object_end(&w);
	http_reply_json(status, &w);
}

void call_write_lost(struct jsonw *w, unsigned status, struct msg_cursor fields)
{
	if (status == 0)
		http_write_error(w, "unavailable", "squashd has ended before the command");
	else
		call_write_failure(w, fields);
}

/* Open until the process ends: by that squashd sees that the answer has been passed on. */
static int squashd_fd = -1;

int call_fd(void)
{
	return squashd_fd;
}

static int receive(unsigned *status, struct msg_cursor *reply, struct err *e)
{
	static uint8_t memory[LIMIT_REPLY_BYTES];
	struct msg_head head;
	int rc = msg_recv_head(squashd_fd, &head, 0, sizeof(memory), e);
	if (rc == 0)
		rc = msg_recv_bytes(squashd_fd, memory, head.body_len, e);
	*reply = (struct msg_cursor){.at = memory, .left = head.body_len};
	*status = head.kind;
	return rc;
}

unsigned call_squashd(const struct http_request *q, enum msg_op op, int passed_fd,
		      struct msg_cursor *reply)
{
	unsigned status;
	struct err e;
	struct buf *fields = call_fields();
	if (fields->full)
		http_reply_error(413, "too_large", "the request is larger than %d bytes",
				 LIMIT_MSG_BYTES);
	squashd_fd = open_socket(&e);
	if (squashd_fd < 0)
		http_reply_error(503, "unavailable", "%s", e.text);
	/* squashd refuses some requests before it has read them whole: its answer counts. */
	int sent = msg_send_passing(squashd_fd, (uint16_t)op, &q->from, fields, passed_fd, &e);
	/* As soon as squashd reads no more of it, whoever writes into it is to see that. */
	fd_close(&passed_fd);
	if (receive(&status, reply, sent < 0 ? NULL : &e) < 0)
		http_reply_error(503, "unavailable", "squashd did not answer: %s", e.text);
	if (status >= 300)
		reply_failure(status, *reply);
	return status;
}

unsigned call_next(struct msg_cursor *reply)
{
	unsigned status;
	struct err e;
	return receive(&status, reply, &e) < 0 ? 0 : status;
}

void call_authorise(const struct http_request *q, enum msg_op op)
{
	struct http_request asking = *q;
	struct msg_cursor reply;
	struct buf *fields = call_fields();
	asking.from.asks_only = true;
	fields->len = 0;
	fields->full = false;
	call_squashd(&asking, op, -1, &reply);
}

void call_require_token(const struct http_request *q)
{
	call_authorise(q, MSG_HEALTH);
}
