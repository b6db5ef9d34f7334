/* SPDX-License-Identifier: MIT */
#include "exec_end.h"

#include <errno.h>
#include <poll.h>
#include <sys/file.h>

#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/msg.h"
#include "squashd/store/journal.h"
#include "squashd/store/meta.h"
#include "squashd/store/totals.h"

static enum msg_exec_end judge_end(const struct exec_result *result)
{
	if (result->oom_killed)
		return MSG_END_OOM;
	if (result->timed_out)
		return MSG_END_TIMEOUT;
	if (result->signal != 0)
		return MSG_END_SIGNAL;
	return result->exit_code != 0 ? MSG_END_FAILED : MSG_END_OK;
}

/* Who destroys a sandbox has its lock, and waits for its shims, which wait for us. */
int exec_end_lock(int dir_fd, uint64_t wait_ms)
{
	enum { STEP_MS = 5 };
	uint64_t begun = clock_mono_ms();
	while (meta_is_in(dir_fd)) {
		if (flock(dir_fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (clock_mono_ms() - begun >= wait_ms)
			return -EBUSY;
		poll(NULL, 0, STEP_MS);
	}
	return -ENOENT;
}

void exec_end_record_locked(const struct server *s, const struct exec_end *end, int dir_fd)
{
	enum msg_exec_end how = judge_end(end->result);
	totals_count_exec(s->totals, how, end->result->duration_ms);
	if (dir_fd >= 0)
		meta_count_end(dir_fd, how);
	journal_exec(s, dir_fd, end->id, end->seq, end->cmd, end->cmd_len, end->result);
}

void exec_end_record(const struct server *s, const struct exec_end *end, int dir_fd)
{
	bool locked = exec_end_lock(dir_fd, META_WAIT) == 0;
	exec_end_record_locked(s, end, locked ? dir_fd : -1);
	if (locked)
		flock(dir_fd, LOCK_UN);
}

void exec_end_add(const struct exec_result *result, struct buf *b)
{
	msg_add_number(b, TAG_EXIT_CODE, (uint64_t)result->exit_code);
	msg_add_number(b, TAG_STARTED_MS, result->started_ms);
	msg_add_number(b, TAG_ENDED_MS, result->ended_ms);
	msg_add_number(b, TAG_DURATION_MS, result->duration_ms);
	msg_add_number(b, TAG_TIMED_OUT, result->timed_out);
	msg_add_number(b, TAG_OOM_KILLED, result->oom_killed);
	msg_add_number(b, TAG_SIGNAL, (uint64_t)result->signal);
	msg_add_number(b, TAG_BACKGROUND, result->background);
}
