/* SPDX-License-Identifier: MIT */
/* sandboxes/:id/logs, history and sandboxes/:id/network: lines of JSON that squashd or an egress
 * process kept, as one array. They are parsed here, where nothing is owned: a line that a power cut
 * has torn is left out. */
#include <string.h>

#include "http.h"
#include "lib/json.h"
#include "lib/msg.h"
#include "replies.h"

#define NETWORK_LINE_BYTES 1024 /* an egress writes 600 at most */

/* The line's object; NULL if it is none. It lives until the next call. */
static const struct json_value *read_line(const uint8_t *line, size_t len)
{
	static unsigned char memory[JSON_ARENA_BYTES(65536)] __attribute__((aligned(16)));
	struct arena arena = {.base = memory, .cap = sizeof(memory)};
	const struct json_value *root;
	struct json_fault fault;
	if (json_parse(line, len, &arena, &root, &fault) < 0 || root->type != JSON_OBJECT)
		return NULL;
	return root;
}

/* Lines that squashd wrote are of our own making: numbers are integers, and nothing is deep. For
 * others see is_flat. */
static void write_line(struct jsonw *w, const uint8_t *line, size_t len)
{
	const struct json_value *object = read_line(line, len);
	if (object)
		jsonw_value(w, object);
}

/* What an egress process writes has texts, integers and nulls for members. One that strangers have
 * taken over may write anything. */
static bool is_flat(const struct json_value *object)
{
	int64_t number;
	for (const struct json_value *v = object->first; v; v = v->next)
		if (v->type != JSON_STRING && v->type != JSON_NULL && json_integer(v, &number) < 0)
			return false;
	return true;
}

static void write_strangers_line(struct jsonw *w, const uint8_t *line, size_t len)
{
	const struct json_value *object = len <= NETWORK_LINE_BYTES ? read_line(line, len) : NULL;
	if (object && is_flat(object))
		jsonw_value(w, object);
}

static void each_line(struct jsonw *w, const uint8_t *lines, size_t len,
		      void (*write)(struct jsonw *w, const uint8_t *line, size_t len))
{
	const uint8_t *newline, *end = lines + len;
	for (const uint8_t *at = lines; at < end; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			break; /* being written, or torn */
		write(w, at, (size_t)(newline - at));
	}
}

static void write_ours(struct jsonw *w, const uint8_t *lines, size_t len)
{
	each_line(w, lines, len, write_line);
}

static void write_network(struct jsonw *w, const uint8_t *lines, size_t len)
{
	each_line(w, lines, len, write_strangers_line);
}

static void write_lines(struct jsonw *w, struct msg_cursor reply,
			void (*write)(struct jsonw *w, const uint8_t *lines, size_t len))
{
	struct msg_field f;
	jsonw_array_begin(w);
	while (msg_next(&reply, &f) > 0)
		if (f.tag == TAG_LINES)
			write(w, f.data, f.len);
	jsonw_array_end(w);
}

static void __attribute__((noreturn))
reply_lines(unsigned status, struct msg_cursor reply,
	    void (*write)(struct jsonw *w, const uint8_t *lines, size_t len))
{
	struct jsonw w;
	jsonw_init(&w, http_reply_buf());
	write_lines(&w, reply, write);
	http_reply_json(status, &w);
}

void reply_logs(unsigned status, struct msg_cursor fields)
{
	reply_lines(status, fields, write_ours);
}

void reply_history(unsigned status, struct msg_cursor fields)
{
	reply_lines(status, fields, write_ours);
}

void reply_network(unsigned status, struct msg_cursor fields)
{
	struct jsonw w;
	jsonw_init(&w, http_reply_buf());
	jsonw_object_begin(&w);
	jsonw_key(&w, "network");
	write_lines(&w, fields, write_network);
	jsonw_object_end(&w);
	http_reply_json(status, &w);
}
