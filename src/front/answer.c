/* SPDX-License-Identifier: MIT */
/* What front itself says, and how a connection ends: what its client still sends is read and
 * dropped for a while, as closing on it would have the kernel send a reset, which can overtake the
 * reply. */
#include "answer.h"

#include <errno.h>

#include "lib/clock.h"
#include "lib/http_status.h"
#include "lib/jsonw.h"

void answer(struct conn *c, unsigned status, const char *code, const char *text)
{
	char memory[512], date[CLOCK_TEXT_BYTES];
	struct buf body = {.data = memory, .cap = sizeof(memory)};
	struct buf out = {.data = c->out, .cap = FRONT_OUT_BYTES};
	struct jsonw w;
	jsonw_init(&w, &body);
	jsonw_object_begin(&w);
	jsonw_key(&w, "error");
	jsonw_string(&w, text);
	jsonw_key(&w, "code");
	jsonw_string(&w, code);
	jsonw_object_end(&w);
	buf_add_text(&body, "\n");
	buf_printf(&out,
		   "HTTP/1.1 %u %s\r\nDate: %s\r\n%sContent-Type: application/json\r\n"
		   "Content-Length: %zu\r\nCache-Control: no-store\r\n%sConnection: close\r\n\r\n",
		   status, http_phrase(status), clock_http_date(clock_wall_ms(), date),
		   status == 429 || status == 503 ? "Retry-After: 5\r\n" : "", body.len,
		   head_guards(false));
	if (!c->without_body)
		buf_add(&out, body.data, body.len);
	turns_remove(c->is_upload ? &c->front->large : &c->front->small, &c->turn);
	conn_set_idle(c, true);
	c->state = CONN_ANSWERS;
	c->out_at = 0;
	c->out_len = out.len;
	conn_set_deadline(c, FRONT_STALL_MS);
}

bool answer_write(struct conn *c)
{
	bool is_written = c->out_at == c->out_len;
	ssize_t n = conn_write_out(c);
	if (is_written && n == 0)
		answer_end(c);
	return n >= 0;
}

void answer_end(struct conn *c)
{
	bool is_shut = wire_shut(&c->wire) == 0;
	c->state = is_shut ? CONN_LINGERS : CONN_ANSWERS;
	c->out_at = c->out_len = 0;
	conn_set_idle(c, true);
	conn_set_deadline(c, is_shut ? FRONT_LINGER_MS : FRONT_STALL_MS);
}

bool answer_linger(struct conn *c)
{
	ssize_t n = socket_recv(&c->wire.socket, c->in, FRONT_IN_BYTES);
	if (n <= 0 && n != -EAGAIN)
		conn_close(c);
	return n > 0;
}
