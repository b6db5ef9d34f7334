/* SPDX-License-Identifier: MIT */
/* GET sandboxes/:id/logs and history. */
#include "lib/fd.h"
#include "open.h"
#include "requests.h"
#include "squashd/store/journal.h"
#include "squashd/wire/fields.h"

static struct buf journal_buf(void)
{
	static char memory[JOURNAL_READ_BYTES];
	return (struct buf){.data = memory, .cap = sizeof(memory)};
}

void request_logs(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	struct err e;
	char id[LIMIT_ID_BYTES + 1];
	struct buf lines = journal_buf();
	if (!fields_only_id(fields, id, r))
		return;
	AUTO_FD sandbox = request_open_unlocked(s, id, r);
	if (sandbox < 0)
		return;
	if (journal_read_log(sandbox, &lines, &e) < 0)
		reply_sandbox_err(r, &e);
	else
		msg_add(&r->body, TAG_LINES, lines.data, lines.len);
}

void request_history(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	struct err e;
	struct buf lines = journal_buf();
	if (fields.left > 0)
		fields_refuse(r);
	else if (journal_read_history(s, &lines, &e) < 0)
		reply_err(r, &e);
	else
		msg_add(&r->body, TAG_LINES, lines.data, lines.len);
}
