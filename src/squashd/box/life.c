/* SPDX-License-Identifier: MIT */
#include "life.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box.h"
#include "bringup.h"
#include "capture.h"
#include "freeze.h"
#include "inodes.h"
#include "layers.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/tree.h"
#include "squashd/kernel/cgroup.h"
#include "squashd/network/egress.h"
#include "squashd/network/egress_policy.h"
#include "squashd/store/leftover.h"
#include "squashd/store/meta.h"
#include "squashd/store/meta_text.h"
#include "squashd/store/report.h"
#include "squashd/store/runtime.h"
#include "squashd/store/slots.h"
#include "squashd/store/snapshots.h"
#include "squashd/store/traffic.h"
#include "upper.h"

#define SHIMS_MS 5000   /* for the shims of a sandbox that ends to tell of its commands */
#define END_MS 20000    /* for a sandbox's lock, to end it */
#define RECOVER_MS 1000 /* for one's lock, while the API waits for squashd to begin */

bool life_has_dir(const struct server *s, const char *id)
{
	struct stat st;
	return fstatat(s->sandboxes_fd, id, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

uint64_t life_count(const struct server *s)
{
	struct stat st;
	/* A directory's links: itself, its name, and the ".." of each directory in it. */
	return fstat(s->sandboxes_fd, &st) == 0 && st.st_nlink > 2 ? st.st_nlink - 2 : 0;
}

/* A sandbox of which nothing is known but its id. */
static void make_nobody(struct sandbox *sb, const char *id)
{
	memset(sb, 0, sizeof(*sb));
	sb->runtime.slot = SLOT_NONE;
	snprintf(sb->id, sizeof(sb->id), "%s", id);
}

int life_dismantle(const struct server *s, const struct sandbox *sb, struct err *e)
{
	static struct sandbox none;
	struct err this = {0};
	uint32_t slot = sb->runtime.slot;
	if (slot == SLOT_NONE)
		slot = runtime_load(s, sb->id).slot;
	make_nobody(&none, sb->id);

	int rc = cgroup_remove(s->cgroup_fd, sb->id, e);
	if (rc < 0)
		return rc; /* with processes alive the rest can't go */
	rc = err_keep_first(rc, egress_policy_forget(s, sb->id, &this), e, &this);
	AUTO_FD dir = meta_open(s, sb->id, &this);
	if (dir >= 0)
		rc = err_keep_first(rc, upper_release(s, sb->id, dir, &this), e, &this);
	rc = err_keep_first(rc, layers_keep(s, &none, &this), e, &this);
	if (slot != SLOT_NONE)
		rc = err_keep_first(rc, slots_give_back(s, slot, &this), e, &this);
	rc = err_keep_first(rc, traffic_end(s, sb->id, &this), e, &this);
	rc = err_keep_first(rc, runtime_drop(s, sb->id, &this), e, &this);
	rc = err_keep_first(rc, tree_remove(s->sandboxes_fd, sb->id, &this), e, &this);
	if (s->has_disk)
		inodes_share_out(s); /* what it had is there for the others */
	return rc;
}

/* The sandbox exists, and is locked. */
static int end_locked(const struct server *s, const struct sandbox *sb, int dir_fd,
		      enum journal_end why, struct err *e)
{
	struct err this;
	struct usage usage = meta_read_usage(dir_fd);
	int rc = meta_remove(dir_fd, e);
	if (rc < 0 && meta_exists(s, sb->id))
		return rc;
	/* It exists no longer: what follows can be cut off anywhere, a sweep ends it. */
	journal_end(s, sb, why, usage.exec_count);
	/* How its commands have ended is written down, too. */
	uint64_t deadline = clock_mono_ms() + SHIMS_MS;
	rc = err_keep_first(rc, cgroup_end_commands(s->cgroup_fd, sb->id, deadline, &this), e,
			    &this);
	rc = err_keep_first(rc, life_dismantle(s, sb, &this), e, &this);
	if (rc < 0)
		leftover_note(sb->id, e);
	return rc;
}

/* The lock for ending the sandbox. Who has it is ended: a capture, or an exec that joins, which
 * takes milliseconds, or, where the sandbox has used up its processor time, minutes. */
static int lock_to_end(const struct server *s, const char *id, struct err *e)
{
	enum { STEP_MS = 20 };
	uint64_t deadline = clock_mono_ms() + END_MS;
	for (;;) {
		int dir = meta_lock(s, id, STEP_MS, e);
		if (dir != -EBUSY || clock_mono_ms() >= deadline)
			return dir;
		capture_cancel(s, id);
		cgroup_kill_commands(s->cgroup_fd, id);
	}
}

int life_end(const struct server *s, const char *id, enum journal_end why, struct err *e)
{
	static struct sandbox sb;
	AUTO_FD dir = lock_to_end(s, id, e);
	if (dir < 0)
		return dir;
	int rc = meta_load(s, dir, id, &sb, e);
	if (rc == -EBADMSG)
		make_nobody(&sb, id); /* what it was made of can't be read any more */
	else if (rc < 0)
		return rc;
	return end_locked(s, &sb, dir, why, e);
}

static bool is_time_up(const struct sandbox *sb)
{
	if (sb->runtime.slot == SLOT_NONE)
		return bringup_left_ms(sb) == 0;
	return sb->runtime.deadline_ms > 0 && clock_mono_ms() >= sb->runtime.deadline_ms;
}

/* A power cut takes what was counted last, if not all: the log knows more. */
static void mend_usage(const struct sandbox *sb, int dir_fd)
{
	struct usage u = meta_read_usage(dir_fd), before = u;
	struct err e;
	uint64_t logged_ms, logged = journal_last_exec(dir_fd, &logged_ms);
	if (u.exec_count < logged)
		u.exec_count = logged;
	if (u.last_active_ms < logged_ms)
		u.last_active_ms = logged_ms;
	if (u.last_active_ms < sb->created_ms)
		u.last_active_ms = sb->created_ms;
	if (memcmp(&u, &before, sizeof(u)) != 0 && meta_write_usage(dir_fd, &u, &e) < 0)
		leftover_say(sb->id, &e);
}

/* Start one that is down. */
static int revive(const struct server *s, struct sandbox *sb, int dir_fd, struct err *e)
{
	const char *why = sb->runtime.slot == SLOT_NONE ? "reboot" : "restart cut off";
	AUTO_FD upper = upper_open(sb, dir_fd, e);
	if (upper < 0)
		return upper;
	if (sb->on_disk && !s->has_disk)
		return err_say(e, ENODEV, "SQUASH-DATA has no project quotas");
	/* Whoever stopped or started it may have been cut off half-way. */
	int rc = box_stop(s, sb->id, e);
	if (rc == 0)
		rc = bringup_start(s, sb, e);
	if (rc == 0)
		journal_restart(s, sb, why);
	return rc;
}

int life_ensure_runs(const struct server *s, struct sandbox *sb, int dir_fd, struct err *e)
{
	struct err why;
	if (sb->runtime.slot != SLOT_NONE && !sb->runtime.down)
		return 0;
	if (revive(s, sb, dir_fd, &why) == 0)
		return 0;
	return err_say(e, ESRCH, "sandbox %s is down: %s", sb->id, why.text);
}

/* For one that exists and is locked: end it, or start it again, if it is not as it should be. 0 or
 * -errno when it could not be ended. */
static int check_locked(const struct server *s, struct sandbox *sb, int dir_fd, struct err *e)
{
	bool booted = sb->runtime.slot == SLOT_NONE;
	if (is_time_up(sb))
		return end_locked(s, sb, dir_fd, JOURNAL_LIFETIME, e);
	if (booted && !sb->on_disk) /* its files went with the boot that it was made in */
		return end_locked(s, sb, dir_fd, JOURNAL_SHUTDOWN, e);
	if (booted)
		mend_usage(sb, dir_fd);
	if (booted || sb->runtime.down) {
		if (revive(s, sb, dir_fd, e) < 0)
			fprintf(stderr, "squashd: sandbox %s is down: %s\n", sb->id, e->text);
		return 0; /* nothing is lost: whoever needs it tries again */
	}
	AUTO_FD pidfd = -1;
	pid_t init = cgroup_find_init(s->cgroup_fd, sb->id, &pidfd, e);
	if (init != -ESRCH)
		return init < 0 ? init : 0;
	return end_locked(s, sb, dir_fd, JOURNAL_INIT_DIED, e);
}

int life_end_if_over(const struct server *s, const char *id, struct err *e)
{
	static struct sandbox sb;
	make_nobody(&sb, id);
	sb.runtime = runtime_load(s, id);
	bool over = sb.runtime.slot != SLOT_NONE && is_time_up(&sb);
	AUTO_FD dir = over ? lock_to_end(s, id, e) : meta_lock(s, id, LIMIT_BUSY_MS, e);
	if (dir < 0)
		return dir;
	int rc = meta_load(s, dir, id, &sb, e);
	return rc < 0 ? rc : check_locked(s, &sb, dir, e);
}

/* Remove what a change to an existing sandbox has left when it was cut off. */
static void tidy(const struct server *s, const struct sandbox *sb, int dir_fd)
{
	struct err e, this;
	int rc = freeze_end(s->cgroup_fd, sb->id, &e);
	rc = err_keep_first(rc, snapshots_sweep(dir_fd, &this), &e, &this);
	rc = err_keep_first(rc, meta_forget(dir_fd, &this), &e, &this);
	rc = err_keep_first(rc, runtime_forget(s, sb->id, &this), &e, &this);
	rc = err_keep_first(rc, upper_sweep(s, sb, dir_fd, &this), &e, &this);
	rc = err_keep_first(rc, layers_keep(s, sb, &this), &e, &this);
	if (rc < 0)
		leftover_note(sb->id, &e);
}

/* A pass over what there is. */
struct sweep {
	const struct server *server;
	uint64_t wait_ms; /* for a sandbox's lock; who has it longer is left to the next sweep */
	size_t later_count;
	pid_t later[LIMIT_SANDBOXES]; /* children that wait for a lock */
};

static void have_watched(const struct server *s, const struct sandbox *sb)
{
	struct err e;
	AUTO_FD pidfd = -1;
	cgroup_find_init(s->cgroup_fd, sb->id, &pidfd, NULL);
	if (meta_exists(s, sb->id) && report_sandbox(s, sb, pidfd, &e) < 0)
		leftover_note(sb->id, &e);
}

/* One entry of DATA/sandboxes, locked. */
static void sweep_locked(const struct sweep *w, int dir_fd, const char *id)
{
	static struct sandbox sb;
	struct err e;
	int rc = meta_load(w->server, dir_fd, id, &sb, &e);
	if (rc == -EBADMSG) {
		fprintf(stderr, "squashd: sandbox %s is set aside: %s\n", id, e.text);
	} else if (rc == -ENOENT) {
		make_nobody(&sb, id);
		if (life_dismantle(w->server, &sb, &e) < 0)
			leftover_note(id, &e);
	} else if (rc < 0) {
		leftover_note(id, &e);
	} else {
		tidy(w->server, &sb, dir_fd);
		if (check_locked(w->server, &sb, dir_fd, &e) < 0)
			leftover_note(id, &e);
		have_watched(w->server, &sb);
		if (meta_exists(w->server, id) && egress_change(w->server, &sb, &sb, &e) < 0)
			leftover_say(id, &e); /* squashd comes back to it */
	}
}

/* The same in a child, when nobody works on it any more, but not for ever: what holds the lock may
 * be a capture, of half an hour. Or it is the child of a worker that is dead: it has the lock until
 * it is PID 1 of what is to be swept away. */
static void sweep_later(struct sweep *w, const char *id)
{
	struct err e;
	pid_t pid = w->later_count < LIMIT_SANDBOXES ? fork() : -1;
	if (pid < 0) {
		err_say(&e, EAGAIN, "nobody can wait for its lock");
		leftover_note(id, &e);
	} else if (pid > 0) {
		w->later[w->later_count++] = pid;
	}
	if (pid != 0)
		return;
	AUTO_FD lock = meta_lock(w->server, id, w->wait_ms, &e);
	if (lock >= 0)
		sweep_locked(w, lock, id);
	else if (lock != -ENOENT)
		leftover_note(id, &e);
	_exit(leftover_is_noted() ? 1 : 0);
}

/* Sandboxes that were started are our children, too: not for them. */
static void wait_for_later_ones(const struct sweep *w)
{
	struct err e;
	int status;
	for (size_t i = 0; i < w->later_count; i++)
		if (waitpid(w->later[i], &status, 0) > 0 && status != 0) {
			err_say(&e, EIO, "some of a sweep is left");
			leftover_note(NULL, &e);
		}
}

static void sweep_sandbox(struct sweep *w, const char *id)
{
	AUTO_FD lock = meta_lock(w->server, id, META_NO_WAIT, NULL);
	if (lock >= 0)
		sweep_locked(w, lock, id);
	else if (lock == -EBUSY)
		sweep_later(w, id);
}

static void sweep_cgroup(struct sweep *w, const char *id)
{
	struct err e;
	if (!life_has_dir(w->server, id) && cgroup_remove(w->server->cgroup_fd, id, &e) < 0)
		leftover_note(id, &e);
}

static void each_dir(int dir_fd, void (*visit)(struct sweep *w, const char *id), struct sweep *w)
{
	DIR *dir = fd_open_dir(dir_fd, ".");
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (meta_is_id(d->d_name, strlen(d->d_name)) && d->d_type == DT_DIR)
			visit(w, d->d_name);
	if (dir)
		closedir(dir);
}

/* Whether the slot is the sandbox's, or may become it: somebody is at work there. */
static bool has_slot(const struct server *s, const char *id, uint32_t slot)
{
	if (!life_has_dir(s, id))
		return false;
	if (runtime_load(s, id).slot == slot)
		return true;
	AUTO_FD lock = meta_lock(s, id, META_NO_WAIT, NULL);
	return lock == -EBUSY;
}

static void sweep(struct sweep *w)
{
	struct err e;
	const struct server *s = w->server;
	each_dir(s->sandboxes_fd, sweep_sandbox, w);
	each_dir(s->cgroup_fd, sweep_cgroup, w);
	capture_sweep(s);
	if (layers_sweep(s, life_has_dir, &e) < 0)
		leftover_note(NULL, &e);
	if (slots_sweep(s, has_slot, &e) < 0)
		leftover_note(NULL, &e);
	if (runtime_sweep(s, life_has_dir, &e) < 0)
		leftover_note(NULL, &e);
	if (egress_sweep(s, life_has_dir, &e) < 0)
		leftover_note(NULL, &e);
	if (traffic_sweep(s, life_has_dir, &e) < 0)
		leftover_note(NULL, &e);
	wait_for_later_ones(w);
}

void life_sweep(const struct server *s)
{
	static struct sweep w = {.wait_ms = LIMIT_BUSY_MS};
	w.server = s;
	sweep(&w);
}

void life_recover(const struct server *s)
{
	static struct sweep w = {.wait_ms = RECOVER_MS};
	w.server = s;
	sweep(&w);
}
