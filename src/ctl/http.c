/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/limits.h"
#include "limits.h"
#include "wire.h"

/* A request under way. */
struct exchange {
	const struct http_call *call;
	struct http_reply *reply;
	struct wire wire;
	uint8_t bytes[CTL_IO_BYTES];
};

bool http_is_good(const struct reply_head *head)
{
	return head->status / 100 == 2;
}

static int check_way(const struct settings *s, struct err *e)
{
	char name[URL_TEXT_BYTES];
	url_authority(&s->url, name);
	if (s->url.is_tls && !s->has_fingerprint)
		return err_say(e, EDESTADDRREQ,
			       "which certificate has %s? Type squashctl pin %s, or set "
			       "SQUASH_FINGERPRINT to what its console shows",
			       name, name);
	if (!s->url.is_tls && !s->url.is_local && !s->is_plain_fine)
		return err_say(e, EDESTADDRREQ,
			       "http:// to %s would show the token to all in between: use "
			       "https://, or say --plain",
			       name);
	return 0;
}

static int write_all(struct exchange *x, const void *bytes, size_t len, struct err *e)
{
	const char *at = bytes;
	while (len > 0) {
		ssize_t n = wire_write(&x->wire, at, len, e);
		if (n <= 0)
			return n < 0 ? (int)n : 1; /* 1: the reply has come before the end */
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_head(struct exchange *x, const struct settings *s, struct err *e)
{
	static char memory[CTL_TARGET_BYTES + LIMIT_TOKEN_BYTES + 1024];
	char authority[URL_TEXT_BYTES];
	struct buf out = {.data = memory, .cap = sizeof(memory)};
	const struct http_call *call = x->call;
	buf_printf(&out, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", call->method,
		   call->target, url_authority(&s->url, authority));
	if (s->token[0])
		buf_printf(&out, "Authorization: Bearer %s\r\n", s->token);
	if (call->json)
		buf_printf(&out, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
			   call->json_len);
	else if (call->is_file)
		buf_printf(&out,
			   "Content-Type: application/octet-stream\r\nContent-Length: %llu\r\n",
			   (unsigned long long)call->file_len);
	else if (strcmp(call->method, "POST") == 0)
		buf_add_text(&out, "Content-Length: 0\r\n");
	buf_add_text(&out, "\r\n");
	int rc = out.full ? err_say(e, E2BIG, "the request is too long")
			  : write_all(x, out.data, out.len, e);
	explicit_bzero(memory, sizeof(memory));
	return rc;
}

static int write_file(struct exchange *x, struct err *e)
{
	const struct http_call *call = x->call;
	int rc = 0;
	for (uint64_t sent = 0; sent < call->file_len && rc == 0;) {
		uint64_t left = call->file_len - sent;
		ssize_t n = read(call->file_fd, x->bytes,
				 left < sizeof(x->bytes) ? (size_t)left : sizeof(x->bytes));
		if (n <= 0)
			return n == 0 ? err_say(e, EIO, "the file has become shorter")
				      : err_say(e, EIO, "read the file: %s", strerror(errno));
		rc = write_all(x, x->bytes, (size_t)n, e);
		sent += (uint64_t)n;
		if (call->progress)
			call->progress(call->owner, sent, call->file_len);
	}
	return rc;
}

static int read_head(struct exchange *x, size_t *have, struct err *e)
{
	*have = 0;
	for (;;) {
		ssize_t n = wire_read(&x->wire, x->bytes + *have, CTL_REPLY_HEAD_BYTES - *have, e);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return err_say(e, ECONNRESET, "%s has ended the connection", x->wire.name);
		*have += (size_t)n;
		switch (reply_head_read(&x->reply->head, (char *)x->bytes, *have)) {
		case REPLY_HEAD:
			return 0;
		case REPLY_HEAD_BAD:
			return err_say(e, EPROTO, "%s does not answer as an appliance would",
				       x->wire.name);
		case REPLY_HEAD_MORE:
			break;
		}
	}
}

/* Room for twice as much, or to begin with. */
static int grow(struct http_reply *r, struct err *e)
{
	size_t room = r->room > 0 ? r->room * 2 : (size_t)LIMIT_REPLY_BYTES;
	void *memory = r->body ? mremap(r->body, r->room, room, MREMAP_MAYMOVE)
			       : mmap(NULL, room, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return err_set(e, errno, "memory for the reply");
	r->body = memory;
	r->room = room;
	return 0;
}

static int refuse_long(struct err *e)
{
	return err_say(e, EPROTO, "the reply is longer than any of an appliance");
}

static int keep(struct http_reply *r, const uint8_t *bytes, size_t len, struct err *e)
{
	if (len > CTL_REPLY_BYTES - r->len)
		return refuse_long(e);
	while (len > r->room - r->len) {
		int rc = grow(r, e);
		if (rc < 0)
			return rc;
	}
	memcpy(r->body + r->len, bytes, len);
	r->len += len;
	return 0;
}

static bool is_taken(const struct exchange *x)
{
	return x->call->take && http_is_good(&x->reply->head);
}

static int take(struct exchange *x, const uint8_t *bytes, size_t len, struct err *e)
{
	const struct reply_head *head = &x->reply->head;
	if (is_taken(x))
		return x->call->take(x->call->owner, head, bytes, len, e);
	return keep(x->reply, bytes, len, e);
}

static int read_body(struct exchange *x, size_t have, struct err *e)
{
	const struct reply_head *head = &x->reply->head;
	uint64_t left = head->has_length ? head->length : UINT64_MAX;
	uint8_t *at = x->bytes + head->len;
	size_t len = have - head->len;
	if (head->status == 204)
		return 0;
	if (head->has_length && left > CTL_REPLY_BYTES && !is_taken(x))
		return refuse_long(e);
	x->wire.timeout_ms = CTL_STALL_MS;
	for (;;) {
		if (len > left)
			return err_say(e, EPROTO, "the reply is longer than it says");
		int rc = len > 0 ? take(x, at, len, e) : 0;
		left -= len;
		if (rc < 0 || left == 0)
			return rc;
		ssize_t n = wire_read(&x->wire, x->bytes, sizeof(x->bytes), e);
		if (n < 0)
			return (int)n;
		if (n == 0 && head->has_length)
			return err_say(e, ECONNRESET, "%s has ended the connection in the middle",
				       x->wire.name);
		if (n == 0)
			return 0;
		at = x->bytes;
		len = (size_t)n;
	}
}

int http_send(const struct settings *s, const struct http_call *call, struct http_reply *reply,
	      struct err *e)
{
	static struct exchange x;
	size_t have = 0;
	x.call = call;
	x.reply = reply;
	*reply = (struct http_reply){.body = NULL};
	int rc = check_way(s, e);
	if (rc == 0)
		rc = wire_open(&x.wire, &s->url, s->fingerprint, e);
	if (rc < 0)
		return rc;
	rc = write_head(&x, s, e);
	if (rc == 0 && call->json)
		rc = write_all(&x, call->json, call->json_len, e);
	else if (rc == 0 && call->is_file)
		rc = write_file(&x, e);
	if (rc == 0)
		rc = wire_flush(&x.wire, e);
	x.wire.timeout_ms = call->timeout_ms ? call->timeout_ms : CTL_REPLY_MS;
	if (rc >= 0)
		rc = read_head(&x, &have, e);
	if (rc == 0)
		rc = read_body(&x, have, e);
	wire_close(&x.wire);
	return rc;
}

void http_free(struct http_reply *reply)
{
	if (reply->body)
		munmap(reply->body, reply->room);
	reply->body = NULL;
}
