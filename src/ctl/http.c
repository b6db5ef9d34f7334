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

struct http_exchange {
	const struct http_call *call;
	struct http_reply *reply;
	struct wire wire;
	uint64_t left; /* bytes of the reply's body that are still to come */
	/* Of the request's body, what is to be written; of the reply, what is read and not used. */
	size_t at, len;
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

static int write_all(struct http_exchange *x, const void *bytes, size_t len, struct err *e)
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

static int write_head(struct http_exchange *x, const struct settings *s, struct err *e)
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
	else if (call->send)
		buf_printf(&out,
			   "Content-Type: application/octet-stream\r\nContent-Length: %llu\r\n",
			   (unsigned long long)call->body_len);
	else if (strcmp(call->method, "POST") == 0)
		buf_add_text(&out, "Content-Length: 0\r\n");
	buf_add_text(&out, "\r\n");
	int rc = out.full ? err_say(e, E2BIG, "the request is too long")
			  : write_all(x, out.data, out.len, e);
	explicit_bzero(memory, sizeof(memory));
	return rc;
}

static int put_rest(struct http_exchange *x, struct err *e)
{
	int rc = write_all(x, x->bytes, x->len, e);
	x->len = 0;
	return rc == 1 ? err_say(e, ECANCELED, "the reply has come before the end") : rc;
}

int http_put(struct http_exchange *x, const void *bytes, size_t len, struct err *e)
{
	const char *at = bytes;
	while (len > 0) {
		size_t room = sizeof(x->bytes) - x->len, n = len < room ? len : room;
		memcpy(x->bytes + x->len, at, n);
		x->len += n;
		at += n;
		len -= n;
		int rc = x->len == sizeof(x->bytes) ? put_rest(x, e) : 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* 0; 1: the reply has come before the end. */
static int write_body(struct http_exchange *x, struct err *e)
{
	x->len = 0;
	if (x->call->json)
		return write_all(x, x->call->json, x->call->json_len, e);
	int rc = x->call->send ? x->call->send(x->call->owner, x, e) : 0;
	if (rc == 0)
		rc = put_rest(x, e);
	return rc == -ECANCELED ? 1 : rc;
}

static int read_head(struct http_exchange *x, struct err *e)
{
	x->len = 0;
	for (;;) {
		ssize_t n =
			wire_read(&x->wire, x->bytes + x->len, CTL_REPLY_HEAD_BYTES - x->len, e);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return err_say(e, ECONNRESET, "%s has ended the connection", x->wire.name);
		x->len += (size_t)n;
		switch (reply_head_read(&x->reply->head, (char *)x->bytes, x->len)) {
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

/* At least a byte of the body is in x->bytes. 1; 0: it has ended. */
static int fill(struct http_exchange *x, struct err *e)
{
	const struct reply_head *head = &x->reply->head;
	if (x->left == 0 && x->at == x->len)
		return 0;
	if (x->at < x->len)
		return 1;
	ssize_t n = wire_read(&x->wire, x->bytes, sizeof(x->bytes), e);
	if (n < 0)
		return (int)n;
	if (n == 0 && head->has_length)
		return err_say(e, ECONNRESET, "%s has ended the connection in the middle",
			       x->wire.name);
	x->at = 0;
	x->len = (size_t)n;
	return n > 0;
}

/* Count bytes as used. */
static int use(struct http_exchange *x, size_t len, struct err *e)
{
	if (len > x->left)
		return err_say(e, EPROTO, "the reply is longer than it says");
	x->at += len;
	x->left -= len;
	return 0;
}

ssize_t http_get(struct http_exchange *x, void *bytes, size_t cap, struct err *e)
{
	int rc = fill(x, e);
	if (rc <= 0)
		return rc;
	size_t n = x->len - x->at < cap ? x->len - x->at : cap;
	memcpy(bytes, x->bytes + x->at, n);
	rc = use(x, n, e);
	return rc < 0 ? rc : (ssize_t)n;
}

static int take(struct http_exchange *x, const uint8_t *bytes, size_t len, struct err *e)
{
	const struct http_call *call = x->call;
	if (call->take && http_is_good(&x->reply->head))
		return call->take(call->owner, &x->reply->head, bytes, len, e);
	return keep(x->reply, bytes, len, e);
}

static int read_body(struct http_exchange *x, struct err *e)
{
	const struct reply_head *head = &x->reply->head;
	const struct http_call *call = x->call;
	int rc;
	x->left = head->status == 204 ? 0 : head->has_length ? head->length : UINT64_MAX;
	x->at = head->len;
	x->wire.timeout_ms = CTL_STALL_MS;
	if (head->status == 204)
		return 0;
	if (call->receive && http_is_good(head))
		return call->receive(call->owner, x, e);
	if (head->has_length && x->left > CTL_REPLY_BYTES && !(call->take && http_is_good(head)))
		return refuse_long(e);
	while ((rc = fill(x, e)) > 0) {
		const uint8_t *bytes = x->bytes + x->at;
		size_t len = x->len - x->at;
		rc = use(x, len, e);
		if (rc == 0)
			rc = take(x, bytes, len, e);
		if (rc < 0)
			return rc;
	}
	return rc;
}

int http_send(const struct settings *s, const struct http_call *call, struct http_reply *reply,
	      struct err *e)
{
	static struct http_exchange x;
	x.call = call;
	x.reply = reply;
	*reply = (struct http_reply){.body = NULL};
	int rc = check_way(s, e);
	if (rc == 0)
		rc = wire_open(&x.wire, &s->url, s->fingerprint, e);
	if (rc < 0)
		return rc;
	rc = write_head(&x, s, e);
	if (rc == 0)
		rc = write_body(&x, e);
	if (rc == 0)
		rc = wire_flush(&x.wire, e);
	x.wire.timeout_ms = call->timeout_ms ? call->timeout_ms : CTL_REPLY_MS;
	if (rc >= 0)
		rc = read_head(&x, e);
	if (rc == 0)
		rc = read_body(&x, e);
	wire_close(&x.wire);
	return rc;
}

void http_free(struct http_reply *reply)
{
	if (reply->body)
		munmap(reply->body, reply->room);
	reply->body = NULL;
}
