/* SPDX-License-Identifier: MIT */
#include "life.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "layers.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "meta.h"
#include "meta_text.h"
#include "mnt.h"
#include "slots.h"

bool life_has_dir(const struct server *s, const char *id)
{
	struct stat st;
	return fstatat(s->sandboxes_fd, id, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int remove_dir(const struct server *s, const char *id, struct err *e)
{
	static const char *const files[] = {"meta.json.new", "usage"};
	char path[LIMIT_ID_BYTES + 32];
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", id, files[i]);
		unlinkat(s->sandboxes_fd, path, 0);
	}
	AUTO_FD dir = openat(s->sandboxes_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0)
		journal_remove_log(dir);
	snprintf(path, sizeof(path), "%s/upper", id);
	unlinkat(s->sandboxes_fd, path, AT_REMOVEDIR);
	if (unlinkat(s->sandboxes_fd, id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove directory of sandbox %s", id);
	return 0;
}

int life_dismantle(const struct server *s, const struct sandbox *sb, struct err *e)
{
	char upper[PATH_MAX + LIMIT_ID_BYTES + 16];
	snprintf(upper, sizeof(upper), "%s/%s/upper", s->sandboxes_path, sb->id);

	int rc = cgroup_remove(s->cgroup_fd, sb->id, e);
	if (rc < 0)
		return rc; /* with processes alive the rest can't go */
	rc = mnt_detach(upper, e);
	if (rc < 0)
		return rc;
	rc = layers_release(s, sb, e);
	if (rc < 0)
		return rc;
	if (sb->slot != SLOT_NONE)
		slots_give_back(s, sb->slot);
	return remove_dir(s, sb->id, e);
}

static void report(const char *id, const struct err *e)
{
	fprintf(stderr, "squashd: sandbox %s: %s\n", id, e->text);
}

/* A sandbox of which nothing is known but its id. */
static struct sandbox nobody(const char *id)
{
	struct sandbox sb = {.slot = SLOT_NONE};
	snprintf(sb.id, sizeof(sb.id), "%s", id);
	return sb;
}

/* The sandbox exists, and is locked. */
static int end_locked(const struct server *s, const struct sandbox *sb, int dir_fd,
		      enum journal_end why, struct err *e)
{
	struct usage usage = meta_read_usage(dir_fd);
	int rc = meta_remove(dir_fd, e);
	if (rc < 0)
		return rc;
	/* It exists no longer: what follows can be cut off anywhere, a sweep ends it. */
	if (journal_end(s, sb, why, usage.exec_count, e) < 0)
		report(sb->id, e);
	return life_dismantle(s, sb, e);
}

int life_end(const struct server *s, const char *id, enum journal_end why, struct err *e)
{
	static struct sandbox sb;
	/* Whoever has the lock is an exec that joins: a matter of milliseconds. */
	AUTO_FD dir = meta_lock(s, id, true, e);
	if (dir < 0)
		return dir;
	int rc = meta_load(dir, id, &sb, e);
	if (rc != -EBADMSG)
		return rc < 0 ? rc : end_locked(s, &sb, dir, why, e);
	/* What it was made of can't be read any more: a sweep finds its layers and uids. */
	sb = nobody(id);
	rc = end_locked(s, &sb, dir, why, e);
	fd_close(&dir);
	if (rc == 0)
		life_sweep(s);
	return rc;
}

static bool has_init(const struct server *s, const char *id)
{
	AUTO_FD pidfd = -1;
	return cgroup_find_init(s->cgroup_fd, id, &pidfd, NULL) > 0;
}

int life_end_if_over(const struct server *s, const char *id, struct err *e)
{
	static struct sandbox sb;
	AUTO_FD dir = meta_lock(s, id, true, e);
	if (dir < 0)
		return dir;
	int rc = meta_load(dir, id, &sb, e);
	if (rc < 0)
		return rc;
	if (sb.deadline_ms > 0 && clock_mono_ms() >= sb.deadline_ms)
		return end_locked(s, &sb, dir, JOURNAL_LIFETIME, e);
	if (has_init(s, id))
		return 0;
	bool same_boot = strcmp(sb.boot_id, s->boot_id) == 0;
	return end_locked(s, &sb, dir, same_boot ? JOURNAL_INIT_DIED : JOURNAL_SHUTDOWN, e);
}

/* What waits for a visit in a sweep. */
struct sweep {
	const struct server *server;
	void (*found)(const struct sandbox *sb, int pidfd, void *arg); /* NULL: not at the start */
	void *arg;
};

/* One that exists, seen at the start. */
static void recover(const struct sweep *w, const char *id)
{
	struct err e;
	struct sandbox sb;
	AUTO_FD pidfd = -1;
	AUTO_FD dir = -1;
	if (life_end_if_over(w->server, id, &e) < 0) {
		report(id, &e);
		return;
	}
	dir = meta_open(w->server, id, &e);
	if (dir >= 0 && meta_load(dir, id, &sb, &e) == 0 &&
	    cgroup_find_init(w->server->cgroup_fd, id, &pidfd, NULL) > 0)
		w->found(&sb, pidfd, w->arg);
}

/* One entry of DATA/sandboxes. */
static void sweep_sandbox(const struct sweep *w, const char *id)
{
	struct sandbox sb = nobody(id);
	struct err e;
	AUTO_FD lock = meta_lock(w->server, id, false, &e);
	if (lock == -EBUSY && w->found)
		w->found(&sb, -1, w->arg);
	if (lock < 0)
		return;
	int rc = meta_load(lock, id, &sb, &e);
	if (rc == 0) {
		fd_close(&lock); /* recover takes it */
		if (w->found)
			recover(w, id);
	} else if (rc != -ENOENT) {
		report(id, &e); /* damaged: left for a person to look at */
	} else if (life_dismantle(w->server, &sb, &e) < 0) {
		/* Its layers and uids are not known here: they are swept after this. */
		report(id, &e);
	}
}

static void sweep_cgroup(const struct sweep *w, const char *id)
{
	struct err e;
	if (!life_has_dir(w->server, id) && cgroup_remove(w->server->cgroup_fd, id, &e) < 0)
		report(id, &e);
}

static void each_dir(int dir_fd, void (*visit)(const struct sweep *w, const char *id),
		     const struct sweep *w)
{
	DIR *dir = fd_open_dir(dir_fd, ".");
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (meta_is_id(d->d_name, strlen(d->d_name)) && d->d_type == DT_DIR)
			visit(w, d->d_name);
	if (dir)
		closedir(dir);
}

static void sweep(const struct sweep *w)
{
	struct err e;
	const struct server *s = w->server;
	each_dir(s->sandboxes_fd, sweep_sandbox, w);
	each_dir(s->cgroup_fd, sweep_cgroup, w);
	if (layers_sweep(s, life_has_dir, &e) < 0 || slots_sweep(s, life_has_dir, &e) < 0)
		fprintf(stderr, "squashd: %s\n", e.text);
}

void life_sweep(const struct server *s)
{
	struct sweep w = {.server = s};
	sweep(&w);
}

void life_recover(const struct server *s,
		  void (*found)(const struct sandbox *sb, int pidfd, void *arg), void *arg)
{
	struct sweep w = {.server = s, .found = found, .arg = arg};
	sweep(&w);
}
