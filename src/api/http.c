/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/frames.h"
#include "lib/http_status.h"

#define HEAD_BYTES 512
#define JSON "application/json"

#define BODY_BYTES ((size_t)LIMIT_BODY_BYTES)

static uint8_t body_memory[BODY_BYTES + 1]; /* one more shows that it is too large */
/* The head goes in front once the body's length is known: busybox httpd takes the status from the
 * CGI's first write only if that begins with it, so both leave in one. */
static char reply_memory[HEAD_BYTES + LIMIT_REPLY_BYTES * 2];

static const char *env(const char *name)
{
	const char *value = getenv(name);
	return value ? value : "";
}

static struct request_env read_env(void)
{
	return (struct request_env){
		.script_name = env("SCRIPT_NAME"),
		.path_info = env("PATH_INFO"),
		.query_string = env("QUERY_STRING"),
		.method = env("REQUEST_METHOD"),
		.authorization = env("HTTP_AUTHORIZATION"),
		.content_length = env("CONTENT_LENGTH"),
		.content_type = env("CONTENT_TYPE"),
		.client = env("HTTP_SQUASH_CLIENT"),
		.host = env("HTTP_HOST"),
		.authorise = env("HTTP_SQUASH_AUTHORISE"),
		.frames = env("HTTP_SQUASH_FRAMES"),
	};
}

void http_read_request(struct http_request *q, char *path_memory, size_t path_cap)
{
	struct request_env e = read_env();
	struct request_fault fault;
	if (request_parse(&e, path_memory, path_cap, q, &fault) < 0)
		http_reply_fault(&fault);
}

int http_body_len(size_t *len, struct request_fault *fault)
{
	struct request_env e = read_env();
	return request_body_len(&e, BODY_BYTES, len, fault);
}

static int refuse_end(struct request_fault *fault)
{
	return request_refuse(fault, 400, "bad_json", "the body ended early");
}

static int read_frames(size_t *len, struct request_fault *fault)
{
	struct frames frames = {0};
	for (*len = 0; !frames_have_ended(&frames);) {
		uint8_t *to = body_memory + *len;
		ssize_t n = read(STDIN_FILENO, to, sizeof(body_memory) - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return refuse_end(fault);
		*len += frames_read(&frames, to, (size_t)n);
		if (*len > BODY_BYTES)
			return request_refuse(fault, 413, "too_large",
					      "the body is larger than %zu bytes", BODY_BYTES);
	}
	return 0;
}

int http_read_body(struct http_request *q, struct request_fault *fault)
{
	int rc = http_body_len(&q->body_len, fault);
	q->body = body_memory;
	if (rc < 0)
		return rc;
	if (q->body_len == REQUEST_FRAMED)
		return read_frames(&q->body_len, fault);
	ssize_t n = fd_read_all(STDIN_FILENO, body_memory, q->body_len);
	return n < 0 || (size_t)n < q->body_len ? refuse_end(fault) : 0;
}

int http_stream_len(bool optional, size_t max, size_t *len, struct request_fault *fault)
{
	struct request_env e = read_env();
	return request_stream_len(&e, optional, max, len, fault);
}

struct buf *http_reply_buf(void)
{
	static struct buf body = {
		.data = reply_memory + HEAD_BYTES,
		.cap = sizeof(reply_memory) - HEAD_BYTES,
	};
	return &body;
}

/* Send the status line, the fields in extra and the body that stands in reply_memory, of that
 * type. */
static void __attribute__((noreturn))
send_reply(unsigned status, const char *extra, const char *type, size_t body_len)
{
	char head[HEAD_BYTES];
	struct buf b = {.data = head, .cap = sizeof(head)};
	buf_printf(&b, "Status: %u %s\r\n%s", status, http_phrase(status), extra);
	if (body_len > 0)
		buf_printf(&b, "Content-Type: %s\r\n", type);
	if (status != 204) /* RFC 9110 section 8.6 */
		buf_printf(&b, "Content-Length: %zu\r\n", body_len);
	buf_printf(&b, "Cache-Control: no-store\r\nConnection: close\r\n\r\n");
	char *start = reply_memory + HEAD_BYTES - b.len;
	memcpy(start, head, b.len);
	fd_write_all(STDOUT_FILENO, start, b.len + body_len);
	_exit(0);
}

void http_reply_json(unsigned status, const struct jsonw *w)
{
	const char *extra = status == 401 ? "WWW-Authenticate: Bearer\r\n" : "";
	if (!jsonw_is_whole(w))
		http_reply_error(500, "internal", "the reply is damaged, or larger than %zu bytes",
				 w->out->cap);
	buf_add_text(w->out, "\n");
	send_reply(status, extra, JSON, w->out->len);
}

void http_reply_empty(unsigned status)
{
	send_reply(status, "", JSON, 0);
}

void http_reply_bytes(unsigned status, const char *extra)
{
	send_reply(status, extra, "application/octet-stream", http_reply_buf()->len);
}

void http_reply_text(const char *type)
{
	const struct buf *body = http_reply_buf();
	if (body->full)
		http_reply_error(500, "internal", "the reply is larger than %zu bytes", body->cap);
	send_reply(200, "", type, body->len);
}

void http_write_error(struct jsonw *w, const char *code, const char *text)
{
	jsonw_key(w, "error");
	jsonw_string(w, text);
	jsonw_key(w, "code");
	jsonw_string(w, code);
}

void http_begin_error(struct jsonw *w)
{
	struct buf *body = http_reply_buf();
	body->len = 0;
	body->full = false;
	jsonw_init(w, body);
	jsonw_object_begin(w);
}

static void write_error(struct jsonw *w, const char *code, const char *text)
{
	http_begin_error(w);
	http_write_error(w, code, text);
	jsonw_object_end(w);
}

void http_begin_stream(struct buf *b, const char *type, const char *extra)
{
	buf_printf(b,
		   "Status: 200 %s\r\n%sContent-Type: %s\r\n"
		   "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
		   http_phrase(200), extra, type);
}

void http_begin_lines(struct buf *b)
{
	http_begin_stream(b, "application/x-ndjson", "");
}

void http_reply_error(unsigned status, const char *code, const char *format, ...)
{
	char text[1024];
	struct jsonw w;
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	write_error(&w, code, text);
	http_reply_json(status, &w);
}

void http_reply_fault(const struct request_fault *fault)
{
	http_reply_error(fault->status, fault->code, "%s", fault->text);
}

void http_reply_method(const char *allowed)
{
	char extra[64], text[128];
	struct jsonw w;
	snprintf(extra, sizeof(extra), "Allow: %s\r\n", allowed);
	snprintf(text, sizeof(text), "this path answers %s", allowed);
	write_error(&w, "method_not_allowed", text);
	buf_add_text(w.out, "\n");
	send_reply(405, extra, JSON, w.out->len);
}
