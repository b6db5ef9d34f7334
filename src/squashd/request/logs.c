/* SPDX-License-Identifier: MIT */
/* GET sandboxes/:id/logs and history. */
#include "lib/fd.h"
#include "open.h"
#include "requests.h"
#include "squashd/store/journal.h"
#include "squashd/wire/list_read.h"

void request_logs(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static char memory[JOURNAL_READ_BYTES];
	struct buf lines = {.data = memory, .cap = sizeof(memory)};
	struct err e;
	AUTO_FD sandbox = request_open_unlocked(s, fields, r);
	if (sandbox < 0)
		return;
	if (journal_read_log(sandbox, &lines, &e) < 0)
		reply_sandbox_err(r, &e);
	else
		msg_add(&r->body, TAG_LINES, lines.data, lines.len);
}

void request_history(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static char memory[JOURNAL_HISTORY_BYTES];
	struct buf lines = {.data = memory, .cap = sizeof(memory)};
	struct list_question q;
	struct err e;
	if (!list_read(fields, LIST_OF_EVENTS, &q, r))
		return;
	if (journal_read_history(s, q.after_number, q.limit, &lines, &e) < 0)
		reply_err(r, &e);
	else
		msg_add(&r->body, TAG_LINES, lines.data, lines.len);
}
