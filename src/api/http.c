/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/token.h"

#define CGI_PREFIX "/cgi-bin"
#define HEAD_BYTES 512

static uint8_t body_memory[LIMIT_BODY_BYTES];
/* The head goes in front once the body's length is known: busybox httpd takes the status from the
 * CGI's first write only if that begins with it, so both leave in one. */
static char reply_memory[HEAD_BYTES + LIMIT_REPLY_BYTES * 2];

static const struct {
	unsigned status;
	const char *phrase;
} phrases[] = {
	{200, "OK"},
	{201, "Created"},
	{204, "No Content"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{409, "Conflict"},
	{411, "Length Required"},
	{413, "Content Too Large"},
	{415, "Unsupported Media Type"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{503, "Service Unavailable"},
	{507, "Insufficient Storage"},
};

static const char *env(const char *name)
{
	const char *value = getenv(name);
	return value ? value : "";
}

void http_read_request(struct http_request *q, char *path_memory, size_t path_cap)
{
	const char *script = env("SCRIPT_NAME");
	if (strncmp(script, CGI_PREFIX, sizeof(CGI_PREFIX) - 1) == 0)
		script += sizeof(CGI_PREFIX) - 1;
	int n = snprintf(path_memory, path_cap, "%s%s", script, env("PATH_INFO"));
	if (n < 0 || (size_t)n >= path_cap)
		http_reply_error(404, "not_found", "the path is too long");
	*q = (struct http_request){.method = env("REQUEST_METHOD"), .path = path_memory};
	q->token = token_from_header(env("HTTP_AUTHORIZATION"), &q->token_len);
	if (q->token && q->token_len > LIMIT_TOKEN_BYTES)
		http_reply_error(401, "unauthorized", "the bearer token is longer than %d bytes",
				 LIMIT_TOKEN_BYTES);
}

/* JSON, or what curl -d says when nobody tells it what it sends. */
static void check_type(void)
{
	const char *type = env("CONTENT_TYPE");
	size_t len = strcspn(type, "; \t");
	static const char *const good[] = {"", "application/json",
					   "application/x-www-form-urlencoded"};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (strlen(good[i]) == len && strncasecmp(type, good[i], len) == 0)
			return;
	http_reply_error(415, "unsupported_media_type", "the body must be application/json");
}

void http_read_body(struct http_request *q)
{
	const char *text = env("CONTENT_LENGTH");
	char *end;
	errno = 0;
	unsigned long long len = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0')
		http_reply_error(411, "length_required",
				 "the request needs a body with Content-Length");
	if (errno || len > sizeof(body_memory))
		http_reply_error(413, "too_large", "the body is larger than %zu bytes",
				 sizeof(body_memory));
	check_type();
	ssize_t n = fd_read_all(STDIN_FILENO, body_memory, (size_t)len);
	if (n < 0 || (size_t)n < len)
		http_reply_error(400, "bad_json", "the body ended before Content-Length");
	q->body = body_memory;
	q->body_len = (size_t)len;
}

struct buf *http_reply_buf(void)
{
	static struct buf body = {
		.data = reply_memory + HEAD_BYTES,
		.cap = sizeof(reply_memory) - HEAD_BYTES,
	};
	return &body;
}

static const char *find_phrase(unsigned status)
{
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Error";
}

/* Send the status line, the fields in extra and the body that stands in reply_memory. */
static void __attribute__((noreturn))
send_reply(unsigned status, const char *extra, size_t body_len)
{
	char head[HEAD_BYTES];
	struct buf b = {.data = head, .cap = sizeof(head)};
	buf_printf(&b, "Status: %u %s\r\n%s", status, find_phrase(status), extra);
	if (body_len > 0)
		buf_printf(&b, "Content-Type: application/json\r\n");
	if (status != 204) /* RFC 9110 section 8.6 */
		buf_printf(&b, "Content-Length: %zu\r\n", body_len);
	buf_printf(&b, "Cache-Control: no-store\r\nConnection: close\r\n\r\n");
	char *start = reply_memory + HEAD_BYTES - b.len;
	memcpy(start, head, b.len);
	fd_write_all(STDOUT_FILENO, start, b.len + body_len);
	_exit(0);
}

void http_reply_json(unsigned status, const struct buf *body)
{
	if (body->full)
		http_reply_error(500, "internal", "the reply is larger than %zu bytes", body->cap);
	const char *extra = status == 401 ? "WWW-Authenticate: Bearer\r\n" : "";
	send_reply(status, extra, body->len);
}

void http_reply_empty(unsigned status)
{
	send_reply(status, "", 0);
}

static void write_error(const char *code, const char *text)
{
	struct jsonw w;
	struct buf *body = http_reply_buf();
	body->len = 0;
	body->full = false;
	jsonw_init(&w, body);
	jsonw_object_begin(&w);
	jsonw_key(&w, "error");
	jsonw_string(&w, text);
	jsonw_key(&w, "code");
	jsonw_string(&w, code);
	jsonw_object_end(&w);
	buf_add_text(body, "\n");
}

void http_reply_error(unsigned status, const char *code, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	write_error(code, text);
	http_reply_json(status, http_reply_buf());
}

void http_reply_method(const char *allowed)
{
	char extra[64], text[128];
	snprintf(extra, sizeof(extra), "Allow: %s\r\n", allowed);
	snprintf(text, sizeof(text), "this path answers %s", allowed);
	write_error("method_not_allowed", text);
	send_reply(405, extra, http_reply_buf()->len);
}
