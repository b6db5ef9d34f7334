/* SPDX-License-Identifier: MIT */
/* Watching a running command: its pipes, its end, its time. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec.h"
#include "kept_output.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/msg.h"
#include "squashd/box/freeze.h"

#define KILLED_MS 2000

enum { IN, OUT, ERR, PID, CLIENT, WATCHED };

struct watch {
	struct exec_job *job;
	struct exec_result *result;
	size_t owed[2];       /* of what the pipes held at the command's end: not yet sent */
	bool ended;           /* the command, not all that it started */
	uint64_t deadline_ms; /* of the command; then, once it has ended, of its pipes */
	uint64_t frozen_ms;   /* by which the deadline has been put off */
};

/* Read what there is, and keep it in the result or elsewhere. Closes *fd at its end. */
static void take(struct watch *w, int which, int *fd, struct exec_output *o)
{
	struct exec_job *job = w->job;
	ssize_t n;
	if (!job->stream)
		n = kept_output_take(o, *fd, &job->null_fd);
	else if (job->stream->gone)
		n = kept_output_drop(*fd, FD_PIPE_BYTES, &job->null_fd);
	else
		n = exec_stream_take(job->stream, which, *fd, clock_mono_ms());
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		fd_close(fd);
	if (n > 0)
		w->owed[which] -= (size_t)n < w->owed[which] ? (size_t)n : w->owed[which];
}

/* Bytes in the pipe. */
static size_t pending(int fd)
{
	int bytes = 0;
	return fd >= 0 && ioctl(fd, FIONREAD, &bytes) == 0 ? (size_t)bytes : 0;
}

static int reap(struct watch *w, struct err *e)
{
	siginfo_t info = {.si_pid = 0};
	if (waitid(P_PIDFD, (id_t)w->job->pidfd, &info, WEXITED) < 0)
		return err_set(e, errno, "wait for the command");
	if (info.si_code == CLD_EXITED) {
		w->result->exit_code = info.si_status;
	} else {
		w->result->signal = info.si_status;
		w->result->exit_code = 128 + info.si_status;
	}
	w->ended = true;
	w->result->ended_ms = clock_wall_ms();
	w->result->duration_ms = clock_mono_ms() - w->job->started_mono_ms;
	fd_close(&w->job->in_fd);
	w->owed[0] = pending(w->job->out_fd);
	w->owed[1] = pending(w->job->err_fd);
	/* What was killed is on its way, and closes its pipes in the end. */
	w->deadline_ms = clock_mono_ms() + (w->job->leaf.killed ? KILLED_MS : LIMIT_GRACE_MS);
	return 0;
}

/* The command's time does not run while the sandbox is frozen. */
static bool put_off(struct watch *w)
{
	const struct leaf *leaf = &w->job->leaf;
	uint64_t frozen_ms = freeze_total_ms(leaf->box_fd) - leaf->frozen_ms;
	if (frozen_ms <= w->frozen_ms)
		return false;
	w->deadline_ms += frozen_ms - w->frozen_ms;
	w->frozen_ms = frozen_ms;
	return true;
}

/* Wait for what comes next, until wait_ms are over, or for ever (-1), and see to it. 0 or
 * -errno. */
static int wait_for(struct watch *w, int wait_ms, struct err *e)
{
	struct exec_job *job = w->job;
	struct exec_stream *s = job->stream;
	bool room = !s || exec_stream_has_room(s);
	struct pollfd fds[WATCHED] = {
		[IN] = {.fd = job->in_fd, .events = POLLOUT},
		[OUT] = {.fd = room ? job->out_fd : -1, .events = POLLIN},
		[ERR] = {.fd = room ? job->err_fd : -1, .events = POLLIN},
		[PID] = {.fd = w->ended ? -1 : job->pidfd, .events = POLLIN},
		[CLIENT] = {.fd = s && !s->gone ? s->conn_fd : -1,
			    .events = s ? exec_stream_events(s) : 0},
	};
	if (poll(fds, WATCHED, wait_ms) < 0)
		return errno == EINTR ? 0 : err_set(e, errno, "poll");
	if (fds[IN].revents)
		fd_feed(&job->in_fd, &job->input_fd);
	if (fds[OUT].revents)
		take(w, 0, &job->out_fd, &w->result->out);
	if (fds[ERR].revents && (!s || exec_stream_has_room(s)))
		take(w, 1, &job->err_fd, &w->result->err);
	if (fds[CLIENT].revents)
		exec_stream_handle(s, fds[CLIENT].revents);
	return fds[PID].revents ? reap(w, e) : 0;
}

/* Its output is all there, or what still holds its pipes has had its time. A slow reader gets all
 * that the command has written, but no more than that. */
static bool is_done(const struct watch *w, uint64_t now)
{
	const struct exec_job *job = w->job;
	const struct exec_stream *s = job->stream;
	if (!w->ended)
		return false;
	if (job->out_fd < 0 && job->err_fd < 0)
		return true;
	bool owes = s && !s->gone &&
		    ((job->out_fd >= 0 && w->owed[0] > 0) || (job->err_fd >= 0 && w->owed[1] > 0));
	return !owes && now >= w->deadline_ms;
}

/* Whether it is time to end all of it: its time is over, or nobody wants it any more. */
static bool is_due(struct watch *w, uint64_t now)
{
	if (w->ended || w->job->leaf.killed)
		return false;
	if (w->job->stream && w->job->stream->gone)
		return true;
	w->result->timed_out = now >= w->deadline_ms && !put_off(w);
	return w->result->timed_out;
}

/* Tell who waits that it runs, if it is time. Milliseconds until the next, or -1. */
static int beat(struct exec_job *job, uint64_t now)
{
	const struct buf nothing = {0};
	if (job->waiter_fd < 0)
		return -1;
	if (now >= job->beat_ms) {
		job->beat_ms = now + EXEC_BEAT_MS;
		if (msg_send(job->waiter_fd, MSG_PIECE, NULL, &nothing, NULL) < 0)
			job->waiter_fd = -1;
	}
	return (int)(job->beat_ms - now);
}

/* One round. 1 to go on, 0 when done, -errno. */
static int step(struct watch *w, struct err *e)
{
	uint64_t now = clock_mono_ms();
	if (is_done(w, now))
		return 0;
	if (is_due(w, now))
		return leaf_kill(&w->job->leaf, LEAF_KILL_MS, e) < 0 ? -e->number : 1;
	int wait_ms = w->deadline_ms > now ? (int)(w->deadline_ms - now) : -1;
	if (w->job->stream)
		wait_ms = clock_sooner(wait_ms, exec_stream_beat(w->job->stream, now));
	wait_ms = clock_sooner(wait_ms, beat(w->job, now));
	int rc = wait_for(w, wait_ms, e);
	return rc < 0 ? rc : 1;
}

int exec_supervise(struct exec_job *job, const struct exec_request *r, struct exec_result *result,
		   struct err *e)
{
	struct watch w = {.job = job, .result = result};
	w.deadline_ms = job->started_mono_ms + r->timeout_ms;
	result->started_ms = clock_wall_ms();
	int rc;
	while ((rc = step(&w, e)) > 0)
		;
	if (rc < 0)
		return rc;
	kept_output_finish(&result->out);
	kept_output_finish(&result->err);
	if (result->timed_out)
		result->exit_code = 124;
	result->oom_killed = leaf_had_oom(&job->leaf);
	/* The kernel has killed the group (memory.oom.group) one by one: what a fork bomb bore
	 * meanwhile is still there. */
	if (result->oom_killed && leaf_kill(&job->leaf, LEAF_KILL_MS, e) < 0)
		return -e->number;
	result->background = !job->leaf.killed && (job->out_fd >= 0 || job->err_fd >= 0);
	return 0;
}
