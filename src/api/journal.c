/* SPDX-License-Identifier: MIT */
/* sandboxes/:id/logs, history and sandboxes/:id/network: lines of JSON that squashd or an egress
 * process kept, as one array. They are parsed here, where nothing is owned: a line that a power cut
 * has torn is left out. */
#include <string.h>

#include "http.h"
#include "lib/egress_fds.h"
#include "lib/json.h"
#include "lib/msg.h"
#include "lib/numbered_lines.h"
#include "replies.h"

#define NETWORK_LINE_BYTES 1024 /* an egress writes 768 at most */
#define NETWORK_BYTES                                                                              \
	(4 * EGRESS_LOGS * EGRESS_LOG_BYTES) /* older versions' files are twice that */

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

static void write_ours(struct jsonw *w, const uint8_t *lines, size_t len)
{
	const uint8_t *newline, *end = lines + len;
	for (const uint8_t *at = lines; at < end; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			break; /* being written, or torn */
		write_line(w, at, (size_t)(newline - at));
	}
}

static void __attribute__((noreturn)) reply_lines(unsigned status, struct msg_cursor reply)
{
	struct msg_field f;
	struct jsonw w;
	jsonw_init(&w, http_reply_buf());
	jsonw_array_begin(&w);
	while (msg_next(&reply, &f) > 0)
		if (f.tag == TAG_LINES)
			write_ours(&w, f.data, f.len);
	jsonw_array_end(&w);
	http_reply_json(status, &w);
}

void reply_logs(unsigned status, struct msg_cursor fields)
{
	reply_lines(status, fields);
}

void reply_history(unsigned status, struct msg_cursor fields)
{
	reply_lines(status, fields);
}

/* Each kind of line comes by itself. */
static void write_network(struct jsonw *w, struct msg_cursor reply)
{
	static struct numbered_line all[NUMBERED_LINES(NETWORK_BYTES)];
	struct numbered_lines lines = {.all = all, .max = sizeof(all) / sizeof(all[0])};
	struct msg_field f;
	while (msg_next(&reply, &f) > 0)
		if (f.tag == TAG_LINES)
			numbered_lines_add(&lines, (const char *)f.data, f.len);
	numbered_lines_sort(&lines);
	for (const struct numbered_line *line = all; line < all + lines.count; line++)
		write_strangers_line(w, (const uint8_t *)line->text, line->len);
}

void reply_network(unsigned status, struct msg_cursor fields)
{
	struct jsonw w;
	jsonw_init(&w, http_reply_buf());
	jsonw_object_begin(&w);
	jsonw_key(&w, "network");
	jsonw_array_begin(&w);
	write_network(&w, fields);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	http_reply_json(status, &w);
}
