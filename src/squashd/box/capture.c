/* SPDX-License-Identifier: MIT */
/* The worker's side: a cgroup, a process, what it says, how it ends. The process is in jail.c.
 *
 * The cgroup is capture/<id>. Who captures holds its flock, so that a sweep tells what is under way
 * from what was left; and nobody removes one without holding it. It is made anew each time: Linux
 * 6.12 kills at birth whatever clone3 puts into a cgroup that was ever killed. A capture that was
 * cancelled is marked so, on the directory, before it is killed. */
#include "capture.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "freeze.h"
#include "jail.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "squashd/kernel/cgroup.h"
#include "squashd/kernel/cgroup_events.h"
#include "squashd/kernel/mnt.h"
#include "squashd/kernel/spawn.h"
#include "squashd/store/leftover.h"
#include "upper.h"

#define MARK_CANCELLED "trusted.squash.cancelled"
/* For all of it: an upper of 180 GB at 100 MB/s, but not any number of files with terabytes of
 * holes. The sandbox stands still meanwhile. */
#define CAPTURE_MS 1800000
#define PIDS 4096       /* three threads a processor, of which there are 1024, and a few */
#define CPU_WEIGHT 10   /* of all captures together */
#define TALK_BYTES 8192 /* what is kept of what it says: a path or two, and the reason */
#define LINE_BYTES 200  /* what of that is told */

static uint64_t machine_mb(void)
{
	struct sysinfo info;
	return sysinfo(&info) < 0 ? 0 : (uint64_t)info.totalram * info.mem_unit >> 20;
}

static uint64_t share_mb(unsigned part)
{
	uint64_t share = machine_mb() / part;
	return share > 128 ? share : 128;
}

/* The tree of names and inodes is held in memory, some 400 bytes each; buffers beside it; and what
 * is written until it is on the disk: the kernel stops who has a seventh of his limit in such pages
 * (mm/page-writeback.c, dirty_ratio), and a snapshot took twice its time under an eighth of the
 * machine. */
static uint64_t leaf_mb(void)
{
	return share_mb(2);
}

static uint64_t buffers_mb(void)
{
	uint64_t share = machine_mb() / 32;
	return share < 16 ? 16 : share > 256 ? 256 : share; /* mksquashfs takes no less than 16 */
}

int capture_make_root(struct err *e)
{
	/* For all captures together, and the snapshots in RAM, whose pages stay charged here. */
	uint64_t max_mb = machine_mb() / 2 + share_mb(8);
	AUTO_FD fd = cgroup_make_top(PATH_CGROUP_CAPTURE, "+memory +pids", max_mb, e);
	/* What sandboxes leave of the processors: together they have a weight of 100. */
	int rc = fd < 0 ? fd : cgroup_write_number(fd, "cpu.weight", CPU_WEIGHT, e);
	return rc < 0 ? rc : fd_steal(&fd);
}

/* Open capture/id and lock it. -EAGAIN: it was removed meanwhile, or (if we don't wait) is locked;
 * -ENOENT; another -errno with e filled. */
static int lock_leaf(int root_fd, const char *id, bool wait, struct err *e)
{
	AUTO_FD fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : err_set(e, errno, "open cgroup %s", id);
	if (flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : err_set(e, errno, "lock cgroup %s", id);
	return fd_has_name(fd, root_fd, id) ? fd_steal(&fd) : -EAGAIN;
}

/* A new cgroup for this capture, locked. */
static int make_leaf(int root_fd, const char *id, struct err *e)
{
	for (;;) {
		bool made = mkdirat(root_fd, id, 0755) == 0;
		if (!made && errno != EEXIST)
			return err_set(e, errno, "make cgroup %s", id);
		AUTO_FD fd = lock_leaf(root_fd, id, true, e);
		if (fd == -EAGAIN || fd == -ENOENT) /* it was being swept */
			continue;
		if (fd < 0 && made)
			unlinkat(root_fd, id, AT_REMOVEDIR);
		if (fd < 0 || made)
			return fd_steal(&fd);
		int rc = cgroup_remove(root_fd, id, e); /* left by a capture that was cut off */
		if (rc < 0)
			return rc;
	}
}

static int limit_leaf(int leaf_fd, int out_fd, uint64_t max_bytes, struct err *e)
{
	struct statfs fs;
	uint64_t bytes = leaf_mb() << 20;
	if (fstatfs(out_fd, &fs) < 0)
		return err_set(e, errno, "statfs");
	/* In RAM, what is written is memory too. */
	if (fs.f_type == TMPFS_MAGIC)
		bytes += max_bytes ? max_bytes : (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
	int rc = cgroup_write_number(leaf_fd, "memory.max", bytes, e);
	if (rc == 0)
		rc = cgroup_write_number(leaf_fd, "pids.max", PIDS, e);
	return rc;
}

static bool is_cancelled(int leaf_fd)
{
	return fgetxattr(leaf_fd, MARK_CANCELLED, NULL, 0) >= 0;
}

/* A capture under way. */
struct capture {
	int leaf_fd;
	int pidfd;
	int talk_fd; /* what mksquashfs says */
	bool late;   /* and killed for that */
	size_t len;
	char talk[TALK_BYTES]; /* a string */
};

/* Keep what it says, without the warnings that no snapshot is without: those of POSIX ACLs. */
static void keep(struct capture *c, const char *data, size_t len)
{
	static const char warning[] = "Unrecognised xattr prefix ";
	size_t room = sizeof(c->talk) - 1 - c->len;
	memcpy(c->talk + c->len, data, len < room ? len : room);
	c->len += len < room ? len : room;
	const char *end;
	while (c->len >= sizeof(warning) && memcmp(c->talk, warning, sizeof(warning) - 1) == 0 &&
	       (end = memchr(c->talk, '\n', c->len))) {
		c->len -= (size_t)(end + 1 - c->talk);
		memmove(c->talk, end + 1, c->len);
	}
	c->talk[c->len] = '\0';
}

/* Until mksquashfs and its threads are gone. */
static int listen_to(struct capture *c, struct err *e)
{
	uint64_t now, deadline_ms = clock_mono_ms() + CAPTURE_MS;
	for (;;) {
		char data[1024];
		struct pollfd talk = {.fd = c->talk_fd, .events = POLLIN};
		now = clock_mono_ms();
		if (!c->late && now >= deadline_ms) {
			c->late = true;
			fd_write_file(c->leaf_fd, "cgroup.kill", "1", NULL);
		}
		int ready = poll(&talk, 1, c->late ? -1 : (int)(deadline_ms - now));
		ssize_t n = ready > 0 ? read(c->talk_fd, data, sizeof(data)) : ready;
		if (n > 0)
			keep(c, data, (size_t)n);
		else if (ready > 0 && n == 0)
			return 0;
		else if (n < 0 && errno != EINTR)
			return err_set(e, errno, "listen to mksquashfs");
	}
}

/* Its first line, or as much of its begin and its end as fits, for a person. */
static void shorten(const char *talk, char line[LINE_BYTES])
{
	enum { BEGIN = 110, END = 80 };
	size_t len = strcspn(talk, "\n");
	if (len <= BEGIN + END)
		snprintf(line, LINE_BYTES, "%.*s", (int)len, talk);
	else
		snprintf(line, LINE_BYTES, "%.*s...%.*s", BEGIN, talk, END, talk + len - END);
	for (char *c = line; *c; c++)
		if (!isprint((unsigned char)*c)) /* names may hold anything */
			*c = '?';
}

static bool begins_with(const char *text, const char *what)
{
	return strncmp(text, what, strlen(what)) == 0;
}

static bool ends_with(const char *text, const char *what)
{
	size_t len = strlen(text), tail = strlen(what);
	return len >= tail && strcmp(text + len - tail, what) == 0;
}

/* Why it has failed, from what it said, as its exit code doesn't tell. The reasons are the words of
 * the C library that is ours, too. */
static int explain(const struct capture *c, struct err *e)
{
	static const char write_failed[] = "Write failed because ";
	static const int no_space[] = {ENOSPC, EDQUOT, EFBIG}; /* the last: its RLIMIT_FSIZE */
	char line[LINE_BYTES];
	shorten(c->talk, line);
	if (begins_with(c->talk, write_failed))
		for (size_t i = 0; i < sizeof(no_space) / sizeof(no_space[0]); i++)
			if (begins_with(c->talk + strlen(write_failed), strerror(no_space[i])))
				return err_say(e, ENOSPC,
					       "what the sandbox has written does not fit");
	if (begins_with(c->talk, "Cannot stat ") && ends_with(c->talk, "Filename too long\n"))
		return err_say(e, ENAMETOOLONG, "a path is too long for a snapshot: %s", line);
	if (begins_with(c->talk, "FATAL ERROR: Out of memory"))
		return err_say(e, ENOMEM, "mksquashfs: %s", line);
	return err_say(e, EIO, "mksquashfs: %s", line[0] ? line : "failed, and did not say why");
}

static int judge(const struct capture *c, const siginfo_t *end, struct err *e)
{
	if (is_cancelled(c->leaf_fd))
		return err_say(e, ECANCELED, "the capture was cancelled");
	if (c->late)
		return err_say(e, ETIMEDOUT, "mksquashfs has taken more than %d s",
			       CAPTURE_MS / 1000);
	if (end->si_code == CLD_EXITED)
		return end->si_status == 0 ? 0 : explain(c, e);
	if (cgroup_read_event(c->leaf_fd, "memory.events", "oom_kill") > 0)
		return err_say(e, ENOMEM, "mksquashfs has no memory left for so many files");
	return err_say(e, EIO, "mksquashfs died of signal %d%s", end->si_status,
		       end->si_status == SIGSYS ? ", for a system call that it may not make" : "");
}

static int run(struct capture *c, struct jail *j, struct err *e)
{
	siginfo_t end = {.si_pid = 0};
	int pipe_fds[2];
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_set(e, errno, "make pipe");
	c->talk_fd = pipe_fds[0];
	j->talk_fd = pipe_fds[1];
	struct spawn spawn = {
		.clone_flags = JAIL_CLONE_FLAGS,
		.cgroup_fd = c->leaf_fd,
		.run = jail_become_mksquashfs,
		.arg = j,
	};
	pid_t pid = spawn_until_exec(&spawn, &c->pidfd, e);
	fd_close(&j->talk_fd);
	if (pid < 0)
		return pid;
	int failed = e->number;
	/* Whoever cancelled before it was born could not kill it. */
	if (is_cancelled(c->leaf_fd))
		fd_write_file(c->leaf_fd, "cgroup.kill", "1", NULL);
	int rc = failed ? -failed : listen_to(c, e);
	if (rc < 0)
		fd_write_file(c->leaf_fd, "cgroup.kill", "1", NULL);
	if (waitid(P_PIDFD, (id_t)c->pidfd, &end, WEXITED) < 0 && rc == 0)
		rc = err_set(e, errno, "wait for mksquashfs");
	return rc < 0 ? rc : judge(c, &end, e);
}

/* A detached mount of what fd is. */
static int clone_restricted(int fd, unsigned flags, struct err *e)
{
	AUTO_FD mnt = mnt_clone(fd, "", e);
	if (mnt < 0)
		return mnt;
	int rc = mnt_restrict(mnt, flags | MNT_NO_SUID | MNT_NO_DEV | MNT_NO_EXEC, e);
	return rc < 0 ? rc : fd_steal(&mnt);
}

/* The tree at tree_fd (a directory; borrowed), which nobody changes meanwhile. */
static int capture_tree(const struct server *s, const char *id, int tree_fd, int out_fd,
			uint64_t max_bytes, struct err *e)
{
	struct err left;
	/* Here, not in the new process: a mount can be cloned in its own namespace alone. */
	AUTO_FD tree = clone_restricted(tree_fd, MNT_READ_ONLY, e);
	if (tree < 0)
		return tree;
	AUTO_FD out = clone_restricted(out_fd, 0, e);
	if (out < 0)
		return out;
	AUTO_FD leaf = make_leaf(s->capture_fd, id, e);
	if (leaf < 0)
		return leaf;
	struct jail j = {
		.lock_fd = leaf,
		.program_fd = s->mksquashfs_fd,
		.tree_fd = tree,
		.out_fd = out,
		.max_bytes = max_bytes,
		.memory_mb = buffers_mb(),
	};
	struct capture c = {.leaf_fd = leaf, .pidfd = -1, .talk_fd = -1};
	int rc = limit_leaf(leaf, out_fd, max_bytes, e);
	if (rc == 0)
		rc = run(&c, &j, e);
	fd_close(&c.pidfd);
	fd_close(&c.talk_fd);
	if (cgroup_remove(s->capture_fd, id, &left) < 0)
		leftover_note(id, &left);
	return rc;
}

int capture_upper(const struct server *s, const struct sandbox *sb, int dir_fd, int out_fd,
		  uint64_t max_bytes, struct err *e)
{
	struct err left;
	AUTO_FD upper = upper_open(sb, dir_fd, e);
	if (upper < 0)
		return upper;
	int rc = freeze_start(s->cgroup_fd, sb->id, e);
	if (rc < 0)
		return rc;
	rc = capture_tree(s, sb->id, upper, out_fd, max_bytes, e);
	if (freeze_end(s->cgroup_fd, sb->id, &left) < 0)
		leftover_note(sb->id, &left);
	return rc;
}

void capture_cancel(const struct server *s, const char *id)
{
	AUTO_FD fd = openat(s->capture_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && fsetxattr(fd, MARK_CANCELLED, "1", 1, 0) == 0)
		fd_write_file(fd, "cgroup.kill", "1", NULL);
}

void capture_sweep(const struct server *s)
{
	struct err e;
	DIR *dir = fd_open_dir(s->capture_fd, ".");
	if (!dir)
		return;
	for (struct dirent *d; (d = readdir(dir));) {
		if (d->d_type != DT_DIR || d->d_name[0] == '.')
			continue;
		AUTO_FD fd = lock_leaf(s->capture_fd, d->d_name, false, NULL);
		if (fd >= 0 && cgroup_remove(s->capture_fd, d->d_name, &e) < 0)
			leftover_note(d->d_name, &e);
	}
	closedir(dir);
}
