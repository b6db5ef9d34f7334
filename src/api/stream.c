/* SPDX-License-Identifier: MIT */
/* sandboxes/:id/exec?stream=1: the command's output as lines of JSON, while it comes. */
#include "stream.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "lib/base64.h"
#include "lib/fd.h"
#include "lib/utf8.h"

#define PIECE_BYTES 16384 /* squashd sends no larger ones */
#define HELD_BYTES 3      /* of a code point, at most, that isn't whole yet */
#define HELD_MS 100       /* its rest is waited for no longer */
#define LINE_BYTES (JSONW_TEXT_BYTES(PIECE_BYTES + HELD_BYTES) + 128)

/* What has come of a stream and has not been passed on. */
struct held {
	const char *name;
	uint8_t bytes[HELD_BYTES + PIECE_BYTES];
	size_t len;
	uint64_t offset; /* of the first of them */
};

struct output {
	struct held held[2];
	char line[LINE_BYTES];
	bool begun; /* the head was sent */
};

/* Whoever reads is gone, or everything went out. */
static void send_line(struct output *o, struct jsonw *w)
{
	buf_add_text(w->out, "\n");
	if (!jsonw_is_whole(w) || fd_write_all(STDOUT_FILENO, w->out->data, w->out->len) < 0)
		_exit(1);
	o->begun = true;
}

/* Begin a line; the first has the head before it, as the server wants both in one write. */
static struct buf *begin_line(struct output *o, struct jsonw *w)
{
	static struct buf b;
	b = (struct buf){.data = o->line, .cap = sizeof(o->line)};
	if (!o->begun)
		http_begin_lines(&b);
	jsonw_init(w, &b);
	jsonw_object_begin(w);
	return &b;
}

/* How many of the bytes are not the beginning of a code point whose rest is still to come. *text:
 * whether they are UTF-8. */
static size_t whole(const struct held *h, bool *text)
{
	size_t at = 0;
	*text = true;
	while (at < h->len) {
		bool good;
		size_t n = utf8_next(h->bytes + at, h->len - at, &good);
		if (!good && at + n == h->len && n <= HELD_BYTES)
			break;
		*text = *text && good;
		at += n;
	}
	return at;
}

/* Pass on the first len bytes that are held. */
static void pass(struct output *o, struct held *h, size_t len, bool text)
{
	static char encoded[BASE64_TEXT_BYTES(HELD_BYTES + PIECE_BYTES)];
	struct jsonw w;
	if (len == 0)
		return;
	begin_line(o, &w);
	jsonw_key(&w, "stream");
	jsonw_string(&w, h->name);
	jsonw_key(&w, "offset");
	jsonw_uint(&w, h->offset);
	jsonw_key(&w, text ? "data" : "base64");
	if (text) {
		jsonw_text(&w, h->bytes, len);
	} else {
		base64_encode(h->bytes, len, encoded);
		jsonw_string(&w, encoded);
	}
	jsonw_object_end(&w);
	send_line(o, &w);
	h->len -= len;
	h->offset += len;
	memmove(h->bytes, h->bytes + len, h->len);
}

/* What has waited for its rest goes as it is. */
static void pass_held(struct output *o)
{
	for (size_t i = 0; i < 2; i++)
		pass(o, &o->held[i], o->held[i].len, false);
}

static void take_bytes(struct output *o, struct held *h, const struct msg_field *f)
{
	bool text;
	if (f->len > sizeof(h->bytes) - h->len)
		_exit(1);
	memcpy(h->bytes + h->len, f->data, f->len);
	h->len += f->len;
	size_t len = whole(h, &text);
	pass(o, h, len, text);
}

static void say_alive(struct output *o, uint64_t duration_ms)
{
	struct jsonw w;
	begin_line(o, &w);
	jsonw_key(&w, "duration_ms");
	jsonw_uint(&w, duration_ms);
	jsonw_object_end(&w);
	send_line(o, &w);
}

static void take_piece(struct output *o, struct msg_cursor fields)
{
	struct msg_field f;
	uint64_t ms;
	while (msg_next(&fields, &f) > 0) {
		if (f.tag == TAG_STDOUT || f.tag == TAG_STDERR)
			take_bytes(o, &o->held[f.tag == TAG_STDERR], &f);
		else if (f.tag == TAG_DURATION_MS && msg_number(&f, &ms) == 0)
			say_alive(o, ms);
	}
}

static void wait_for_piece(struct output *o)
{
	struct pollfd fd = {.fd = call_fd(), .events = POLLIN};
	bool holds = o->held[0].len > 0 || o->held[1].len > 0;
	if (holds && poll(&fd, 1, HELD_MS) == 0)
		pass_held(o);
}

void stream_reply(unsigned status, struct msg_cursor reply, const struct member *result,
		  size_t count)
{
	static struct output o = {.held = {{.name = "stdout"}, {.name = "stderr"}}};
	struct jsonw w;
	for (; status == MSG_PIECE; status = call_next(&reply)) {
		take_piece(&o, reply);
		wait_for_piece(&o);
	}
	pass_held(&o);
	begin_line(&o, &w);
	if (status == 0 || status >= 300) {
		call_write_lost(&w, status, reply);
	} else {
		jsonw_key(&w, "result");
		jsonw_object_begin(&w);
		members_write(&w, reply, result, count);
		jsonw_object_end(&w);
	}
	jsonw_object_end(&w);
	send_line(&o, &w);
	_exit(0);
}
