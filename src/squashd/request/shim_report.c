/* SPDX-License-Identifier: MIT */
/* The kernel says which sandbox a shim is of; the rest is a stranger's words, as far as they can
 * harm that sandbox alone. */
#include "shim_report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "exec_end.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "lib/shim.h"
#include "squashd/box/freeze.h"
#include "squashd/box/leaf.h"
#include "squashd/exec/detached.h"
#include "squashd/store/journal.h"
#include "squashd/store/leftover.h"
#include "squashd/store/meta.h"
#include "squashd/store/slots.h"

#define LOCK_MS 100  /* for the sandbox's lock, to write down an end */
#define DYING_MS 100 /* for what was killed to go: others' reports wait */

/* A report, and what it is about. */
struct told {
	struct shim_report report;
	char id[LIMIT_ID_BYTES + 1];
	struct detached_job job;
	int dir_fd; /* the command's */
};

int shim_report_listen(const struct server *s, struct err *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s%s", PATH_SHIM_ROOT,
			 SHIM_SOCKET);
	if (n < 0 || (size_t)n >= sizeof(address.sun_path))
		return err_set(e, ENAMETOOLONG, "%s", PATH_SHIM_ROOT);
	/* A shim has to get through it, and to find nothing but the socket. */
	if (fchmodat(s->run_fd, "shim", 0711, 0) < 0)
		return err_set(e, errno, "open up %s", PATH_SHIM_ROOT);
	int rc = fd_remove_file(AT_FDCWD, address.sun_path, e);
	if (rc < 0)
		return rc;
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(address.sun_path, 0666) < 0 || listen(fd, SOMAXCONN) < 0)
		return err_set(e, errno, "listen on %s", address.sun_path);
	return fd_steal(&fd);
}

/* Find out of which sandbox it is. */
static bool identify(const struct server *s, int conn_fd, struct told *t)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	if (getsockopt(conn_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	return peer.uid >= SANDBOX_SHIM_UID(0) && peer.uid < SANDBOX_UID_BASE(0) &&
	       slots_find(s, peer.uid - SANDBOX_SHIM_UID(0), t->id);
}

static bool is_good(const struct shim_report *r)
{
	return r->timed_out <= 1 && r->background <= 1 && r->exit_status >= 0 &&
	       r->exit_status <= 255 && r->signal >= 0 && r->signal <= 64;
}

static bool read_report(const struct server *s, int conn_fd, struct told *t)
{
	struct timeval patience = {.tv_sec = LIMIT_REQUEST_SECONDS};
	setsockopt(conn_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	ssize_t n = fd_read_all(conn_fd, &t->report, sizeof(t->report));
	return n == (ssize_t)sizeof(t->report) && is_good(&t->report) && identify(s, conn_fd, t);
}

/* Its time is over: kill it, unless the sandbox was frozen for some of that. The milliseconds that
 * it has left. */
static uint64_t end_due(const struct told *t, struct leaf *leaf)
{
	struct err e;
	uint64_t frozen_ms = freeze_total_ms(leaf->box_fd) - t->job.frozen_ms;
	if (frozen_ms > t->report.put_off_ms)
		return frozen_ms - t->report.put_off_ms;
	if (leaf_kill(leaf, DYING_MS, &e) < 0)
		leftover_say(t->id, &e);
	return 0;
}

static void judge(const struct told *t, struct leaf *leaf, struct exec_result *result)
{
	const struct shim_report *r = &t->report;
	struct err ignored;
	*result = (struct exec_result){
		.exit_code = r->signal ? 128 + r->signal : r->exit_status,
		.signal = r->signal,
		.timed_out = r->timed_out,
		.started_ms = t->job.started_ms,
		.ended_ms = r->ended_ms,
		.duration_ms = r->duration_ms,
	};
	if (r->timed_out)
		result->exit_code = 124;
	leaf->oom_kills = t->job.oom_kills;
	result->oom_killed = leaf->fd >= 0 && leaf_had_oom(leaf);
	/* As exec_supervise() does, and why. */
	if (result->oom_killed)
		leaf_kill(leaf, DYING_MS, &ignored);
	result->background = r->background && leaf->fd >= 0 && !leaf->killed;
	if (leaf->fd >= 0)
		leaf_settle(leaf, DYING_MS);
}

/* It has ended: write that down, once. */
static void end_ended(const struct server *s, const struct told *t, struct leaf *leaf, int lock)
{
	static struct exec_result result;
	char cmd[JOURNAL_CMD_BYTES + 1], text[DETACHED_FIELDS_BYTES];
	struct buf b = {.data = text, .cap = sizeof(text)};
	struct server own = *s;
	struct err e;
	if (detached_state(t->dir_fd) == MSG_EXEC_ENDED)
		return;
	judge(t, leaf, &result);
	ssize_t n = detached_read_cmd(t->dir_fd, cmd, sizeof(cmd), &e);
	if (n < 0) {
		leftover_say(t->id, &e);
		return;
	}
	const struct exec_end end = {t->id, t->report.seq, cmd, t->job.cmd_len, &result};
	own.caller = &t->job.caller;
	exec_end_record_locked(&own, &end, lock);
	msg_add(&b, TAG_CMD, cmd, (size_t)n);
	exec_end_add(&result, &b);
	if (detached_end(t->dir_fd, &b, &e) < 0)
		leftover_say(t->id, &e);
}

/* Whether it has been dealt with. Where somebody has the sandbox's lock for long, the shim tells
 * again: few are heard at a time, and other sandboxes' wait. */
static bool handle(const struct server *s, struct told *t, struct shim_answer *answer)
{
	struct leaf leaf = {.fd = -1, .box_fd = -1};
	struct err e;
	AUTO_FD sandbox = meta_open(s, t->id, &e);
	AUTO_FD dir = sandbox < 0 ? -1 : detached_open(sandbox, t->report.seq, &e);
	t->dir_fd = dir;
	if (dir < 0 || detached_read_job(dir, &t->job, &e) < 0)
		return true; /* all of the sandbox is gone */
	bool has_leaf = leaf_open(s->cgroup_fd, t->id, t->job.leaf, &leaf, &e) == 0;
	int rc = t->report.kind == SHIM_ENDED ? exec_end_lock(sandbox, LOCK_MS) : 0;
	if (t->report.kind == SHIM_ENDED && rc != -EBUSY)
		end_ended(s, t, &leaf, rc == 0 ? sandbox : -1);
	else if (t->report.kind == SHIM_DUE && has_leaf)
		answer->more_ms = end_due(t, &leaf);
	leaf_close(&leaf);
	return rc != -EBUSY;
}

void shim_report_serve(const struct server *s, int conn_fd)
{
	static struct told told;
	struct shim_answer answer = {0};
	if (!read_report(s, conn_fd, &told))
		return;
	if (handle(s, &told, &answer))
		fd_write_all(conn_fd, &answer, sizeof(answer));
}
