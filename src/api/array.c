/* SPDX-License-Identifier: MIT */
#include "array.h"

#include <unistd.h>

#include "call.h"
#include "http.h"
#include "lib/fd.h"

struct array {
	struct jsonw w;
	array_writer *write; /* NULL: objects of */
	const struct member *table;
	size_t count;
};

static void write_records(struct array *a, struct msg_cursor fields)
{
	struct msg_cursor one;
	while (members_next_record(&fields, &one)) {
		if (a->write) {
			a->write(&a->w, one);
			continue;
		}
		jsonw_object_begin(&a->w);
		members_write(&a->w, one, a->table, a->count);
		jsonw_object_end(&a->w);
	}
}

/* Whoever reads is gone, or it went out. What was written goes, not what the writer knows of it. */
static void pass_on(struct buf *out)
{
	if (out->full || fd_write_all(STDOUT_FILENO, out->data, out->len) < 0)
		_exit(1);
	out->len = 0;
}

/* The first piece is in the array already. */
static void __attribute__((noreturn)) reply_pieces(struct array *a)
{
	struct msg_cursor fields;
	unsigned status;
	struct buf *out = a->w.out;
	pass_on(out);
	do {
		status = call_next(&fields);
		if (status != MSG_PIECE && status != 200)
			_exit(1);
		write_records(a, fields);
		if (status == 200)
			jsonw_array_end(&a->w);
		if (status == 200 && jsonw_is_whole(&a->w))
			buf_add_text(out, "\n");
		pass_on(out);
	} while (status == MSG_PIECE);
	_exit(0);
}

static void __attribute__((noreturn))
reply(struct array *a, unsigned status, struct msg_cursor fields)
{
	struct buf *out = http_reply_buf();
	/* The server wants the head and the first bytes in one write. */
	if (status == MSG_PIECE)
		http_begin_stream(out, "application/json", "");
	jsonw_init(&a->w, out);
	jsonw_array_begin(&a->w);
	write_records(a, fields);
	if (status == MSG_PIECE)
		reply_pieces(a);
	jsonw_array_end(&a->w);
	http_reply_json(status, &a->w);
}

void array_reply(unsigned status, struct msg_cursor fields, array_writer *write)
{
	struct array a = {.write = write};
	reply(&a, status, fields);
}

void array_reply_first(unsigned status, struct msg_cursor fields, array_writer *write)
{
	struct msg_cursor one;
	struct jsonw w;
	jsonw_init(&w, http_reply_buf());
	if (members_next_record(&fields, &one))
		write(&w, one);
	http_reply_json(status, &w);
}

void array_reply_members(unsigned status, struct msg_cursor fields, const struct member *table,
			 size_t count)
{
	struct array a = {.table = table, .count = count};
	reply(&a, status, fields);
}
