/* SPDX-License-Identifier: MIT */
/* GET sandboxes/:id/execs, execs/:n, execs/:n/output, and DELETE execs/:n: what has become of
 * detached commands. All but the last needs no sandbox's lock. */
#include <errno.h>
#include <stdio.h>

#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/ring.h"
#include "requests.h"
#include "squashd/box/leaf.h"
#include "squashd/exec/detached.h"
#include "squashd/store/meta.h"
#include "squashd/wire/execs_read.h"
#include "squashd/wire/list_read.h"

#define LISTED_MAX 128

static void add_one(int dir_fd, uint64_t number, struct buf *b)
{
	msg_add(b, TAG_RECORD, "", 0);
	msg_add_number(b, TAG_EXEC, number);
	enum msg_exec_state state = detached_load(dir_fd, b);
	msg_add_number(b, TAG_STATE, state);
}

void request_execs(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	uint64_t numbers[LISTED_MAX];
	struct list_question q;
	struct err e;
	if (!list_read(fields, LIST_OF_EXECS, &q, r))
		return;
	AUTO_FD sandbox = meta_open(s, q.id, &e);
	if (sandbox < 0) {
		reply_sandbox_err(r, &e);
		return;
	}
	size_t count = detached_list(sandbox, numbers, LISTED_MAX);
	for (size_t i = 0; i < count && q.limit > 0; i++) {
		if (numbers[i] <= q.after_number)
			continue;
		AUTO_FD dir = detached_open(sandbox, numbers[i], NULL);
		if (dir < 0)
			continue;
		add_one(dir, numbers[i], &r->body);
		q.limit--;
		if (!reply_may_go_on(r))
			return;
	}
}

/* The directory of the command that is asked for, owned by the caller; -1: the reply says why. */
static int find(const struct server *s, const struct exec_question *q, struct reply *r)
{
	struct err e;
	AUTO_FD sandbox = meta_open(s, q->id, &e);
	int dir = sandbox < 0 ? -1 : detached_open(sandbox, q->number, &e);
	if (dir < 0)
		reply_sandbox_err(r, &e);
	return dir;
}

void request_exec_info(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	struct exec_question q;
	AUTO_FD dir = execs_read(fields, false, &q, r) ? find(s, &q, r) : -1;
	if (dir >= 0)
		add_one(dir, q.number, &r->body);
}

/* Bytes from q->offset on, as soon as there are any, or all is over. Their number, or -errno. */
static ssize_t read_output(int dir, struct exec_question *q, int conn_fd, char *data, size_t cap,
			   bool *ended, struct err *e)
{
	uint64_t now = clock_mono_ms();
	uint64_t deadline = now + q->wait_s * 1000;
	AUTO_FD watch = detached_watch(dir, q->which, e);
	if (watch < 0)
		return watch;
	for (;; now = clock_mono_ms()) {
		/* Its state first: what has ended has written all of it. */
		*ended = detached_state(dir) != MSG_EXEC_RUNS;
		ssize_t n = detached_read(dir, q->which, &q->offset, data, cap, e);
		if (n != 0 || *ended || now >= deadline)
			return n;
		int rc = detached_wait(watch, conn_fd, (int)(deadline - now));
		if (rc < 0)
			return err_set(e, -rc, "wait for output");
	}
}

void request_exec_output(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static char data[RING_KEPT_BYTES];
	struct exec_question q;
	struct err e;
	bool ended = false;
	AUTO_FD dir = execs_read(fields, true, &q, r) ? find(s, &q, r) : -1;
	if (dir < 0)
		return;
	ssize_t n = read_output(dir, &q, r->conn_fd, data, sizeof(data), &ended, &e);
	if (n < 0) {
		reply_err(r, &e);
		return;
	}
	msg_add_number(&r->body, TAG_OFFSET, q.offset);
	/* Where more may be left than has been read, it has not ended for who reads on. */
	msg_add_number(&r->body, TAG_STATE,
		       ended && n < (ssize_t)sizeof(data) ? MSG_EXEC_ENDED : MSG_EXEC_RUNS);
	msg_add(&r->body, TAG_DATA, data, (size_t)n);
}

/* Kill it, if it runs. The sandbox's lock keeps its end from being written down meanwhile, and so
 * its leaf from others. */
static int kill_running(const struct server *s, const char *id, int dir, struct err *e)
{
	struct detached_job job;
	struct leaf leaf;
	AUTO_FD lock = meta_lock(s, id, LIMIT_BUSY_MS, e);
	if (lock < 0)
		return lock;
	if (detached_state(dir) != MSG_EXEC_RUNS)
		return 0;
	int rc = detached_read_job(dir, &job, e);
	if (rc == 0)
		rc = leaf_open(s->cgroup_fd, id, job.leaf, &leaf, e);
	if (rc < 0)
		return rc;
	rc = leaf_kill(&leaf, LEAF_KILL_MS, e);
	leaf_close(&leaf);
	return rc;
}

/* Kill it, and wait until that is written down. */
static int kill_and_wait(const struct server *s, const char *id, int dir, int conn_fd,
			 struct err *e)
{
	uint64_t deadline = clock_mono_ms() + LIMIT_BUSY_MS;
	AUTO_FD watch = detached_watch(dir, 0, e);
	int rc = watch < 0 ? watch : kill_running(s, id, dir, e);
	while (rc == 0 && detached_state(dir) == MSG_EXEC_RUNS) {
		uint64_t now = clock_mono_ms();
		if (now >= deadline)
			return err_say(e, EBUSY, "the command does not end");
		rc = detached_wait(watch, conn_fd, (int)(deadline - now));
		if (rc < 0)
			return err_set(e, -rc, "wait for the command's end");
	}
	return rc;
}

void request_exec_kill(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	struct exec_question q;
	struct err e;
	AUTO_FD dir = execs_read(fields, false, &q, r) ? find(s, &q, r) : -1;
	if (dir < 0)
		return;
	if (kill_and_wait(s, q.id, dir, r->conn_fd, &e) < 0)
		reply_sandbox_err(r, &e);
	else
		r->status = 204;
}
