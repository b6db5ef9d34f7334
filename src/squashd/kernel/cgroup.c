/* SPDX-License-Identifier: MIT */
/* The tree of a sandbox, its limits, its end. The leaves are in leaf.c. */
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup_events.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/paths.h"

#define REMOVE_MS                                                                                  \
	10000 /* killed processes are gone in milliseconds; a core dump or NFS could hold one */

static int make_dir(int dir_fd, const char *name, struct err *e)
{
	if (mkdirat(dir_fd, name, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make cgroup %s", name);
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set(e, errno, "open cgroup %s", name);
	return fd;
}

int cgroup_write_number(int dir_fd, const char *file, uint64_t number, struct err *e)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, number);
	return fd_write_file(dir_fd, file, text, e);
}

int cgroup_make_top(const char *path, const char *controllers, uint64_t max_mb, struct err *e)
{
	AUTO_FD root = open(PATH_CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_set(e, errno, "open %s", PATH_CGROUP);
	int rc = fd_write_file(root, "cgroup.subtree_control", "+cpu +memory +pids", e);
	if (rc < 0)
		return rc;
	AUTO_FD fd = make_dir(AT_FDCWD, path, e);
	if (fd < 0)
		return fd;
	rc = fd_write_file(fd, "cgroup.subtree_control", controllers, e);
	if (rc == 0)
		rc = cgroup_write_number(fd, "memory.max", max_mb << 20, e);
	return rc < 0 ? rc : fd_steal(&fd);
}

int cgroup_make_root(uint64_t memory_mb, struct err *e)
{
	/* What the appliance's own services need: a twentieth, 96 MiB at least. */
	uint64_t reserve_mb = memory_mb / 20 > 96 ? memory_mb / 20 : 96;
	uint64_t share_mb = memory_mb > 2 * reserve_mb ? memory_mb - reserve_mb : memory_mb / 2;
	return cgroup_make_top(PATH_CGROUP_SQUASH, "+cpu +memory +pids", share_mb, e);
}

/* Remove every directory below dir_fd, then stop; -EBUSY while processes remain in one. */
static int remove_children(int dir_fd)
{
	DIR *dir = fd_open_dir(dir_fd, ".");
	if (!dir)
		return -errno;
	int rc = 0;
	for (struct dirent *d; (d = readdir(dir));) {
		if (d->d_type != DT_DIR || d->d_name[0] == '.')
			continue;
		AUTO_FD child = openat(dir_fd, d->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (child >= 0)
			remove_children(child);
		if (unlinkat(dir_fd, d->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			rc = -errno;
	}
	closedir(dir);
	return rc;
}

static int set_limits(int fd, const struct sandbox *sb, struct err *e)
{
	enum { PERIOD_US = 100000 };
	char text[48];
	snprintf(text, sizeof(text), "%" PRIu64 " %d", sb->cpu_milli * PERIOD_US / 1000, PERIOD_US);
	int rc = fd_write_file(fd, "cpu.max", text, e);
	if (rc == 0)
		rc = cgroup_write_number(fd, "memory.max", sb->memory_mb << 20, e);
	/* Absent without swap in the kernel; nothing to limit then. */
	if (rc == 0 && faccessat(fd, "memory.swap.max", F_OK, 0) == 0)
		rc = fd_write_file(fd, "memory.swap.max", "0", e);
	return rc;
}

int cgroup_copy_limits(int from_fd, int to_fd, struct err *e)
{
	static const char *const files[] = {"cpu.max", "memory.max"};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char text[48];
		AUTO_FD fd = openat(from_fd, files[i], O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -errno : fd_read_all(fd, text, sizeof(text) - 1);
		if (n < 0)
			return err_set(e, (int)-n, "read %s", files[i]);
		text[n] = '\0';
		int rc = fd_write_file(to_fd, files[i], text, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Without what was there before: nothing can be born into a cgroup that hands down controllers. */
static int make_box(int fd, struct err *e)
{
	AUTO_FD old = openat(fd, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int rc = old < 0 ? 0 : remove_children(old);
	if (rc == 0 && unlinkat(fd, "box", AT_REMOVEDIR) < 0 && errno != ENOENT)
		rc = -errno;
	return rc < 0 ? err_set(e, -rc, "remove cgroup box") : make_dir(fd, "box", e);
}

int cgroup_make(int root_fd, const struct sandbox *sb, struct err *e)
{
	AUTO_FD fd = make_dir(root_fd, sb->id, e);
	if (fd < 0)
		return fd;
	/* The controllers must be on before box gets their files: box is made after. */
	int rc = fd_write_file(fd, "cgroup.subtree_control", "+cpu +memory +pids", e);
	if (rc < 0)
		return rc;
	AUTO_FD box = make_box(fd, e);
	if (box < 0)
		return box;
	rc = set_limits(fd, sb, e);
	/* The same once more, for those inside, to whom box is the root. */
	if (rc == 0)
		rc = cgroup_copy_limits(fd, box, e);
	if (rc == 0)
		rc = cgroup_write_number(box, "pids.max", LIMIT_PIDS, e);
	AUTO_FD init = rc < 0 ? rc : make_dir(box, "init", e);
	return init < 0 ? init : 0;
}

int cgroup_open_box(int root_fd, const char *id, struct err *e)
{
	char path[LIMIT_ID_BYTES + 8];
	snprintf(path, sizeof(path), "%s/box", id);
	int fd = openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "open cgroup %s", path) : fd;
}

int cgroup_enter_init(int box_fd, struct err *e)
{
	int rc = fd_write_file(box_fd, "init/cgroup.procs", "0", e);
	return rc < 0 ? rc : fd_write_file(box_fd, "cgroup.subtree_control", "+cpu +memory", e);
}

/* The leaf that the sandbox's PID 1 lives in, open; or -errno. */
static int open_init(int root_fd, const char *id, struct err *e)
{
	char path[LIMIT_ID_BYTES + 16];
	snprintf(path, sizeof(path), "%s/box/init", id);
	int fd = openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open cgroup %s", path);
	return fd;
}

static int make_beside_box(int root_fd, const char *id, const char *name, struct err *e)
{
	AUTO_FD fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set(e, errno, "open cgroup %s", id);
	return make_dir(fd, name, e);
}

int cgroup_make_egress(int root_fd, const char *id, struct err *e)
{
	return make_beside_box(root_fd, id, "egress", e);
}

int cgroup_make_shim(int root_fd, const char *id, struct err *e)
{
	return make_beside_box(root_fd, id, "shim", e);
}

int cgroup_end_commands(int root_fd, const char *id, uint64_t deadline_ms, struct err *e)
{
	char path[LIMIT_ID_BYTES + 16];
	snprintf(path, sizeof(path), "%s/shim", id);
	AUTO_FD shims = openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/box/cgroup.kill", id);
	if (shims < 0)
		return 0;
	int rc = fd_write_file(root_fd, path, "1", e);
	if (rc == 0)
		rc = cgroup_wait_empty(shims, deadline_ms, e);
	return rc == -ENOENT || rc == -EBUSY ? 0 : rc;
}

void cgroup_kill_commands(int root_fd, const char *id)
{
	char path[LIMIT_ID_BYTES + 32];
	for (unsigned i = 0; i < LIMIT_EXECS; i++) {
		snprintf(path, sizeof(path), "%s/box/x%u/cgroup.kill", id, i);
		fd_write_file(root_fd, path, "1", NULL);
	}
}

/* 0: there is none. */
static pid_t read_first_pid(int leaf_fd, struct err *e)
{
	char text[32];
	AUTO_FD fd = openat(leaf_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : fd_read_all(fd, text, sizeof(text) - 1);
	if (n == -ENODEV || n == -ENOENT) /* the cgroup has been removed */
		return 0;
	if (n < 0)
		return err_set(e, (int)-n, "read cgroup.procs");
	text[n] = '\0';
	return (pid_t)strtol(text, NULL, 10);
}

/* The first process in the leaf: its pid and *pidfd; 0: there is none; or -errno. */
static pid_t find_first(int leaf_fd, int *pidfd, struct err *e)
{
	pid_t pid = read_first_pid(leaf_fd, e);
	if (pid <= 0)
		return pid;
	AUTO_FD fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return errno == ESRCH ? 0 : err_set(e, errno, "pidfd_open");
	/* The pid may have died and been given away between the two calls: what the descriptor
	 * holds is ours if the pid is still listed after it was taken. */
	pid_t again = read_first_pid(leaf_fd, e);
	if (again != pid)
		return again < 0 ? again : 0;
	*pidfd = fd_steal(&fd);
	return pid;
}

pid_t cgroup_find_init(int root_fd, const char *id, int *pidfd, struct err *e)
{
	AUTO_FD init_fd = open_init(root_fd, id, e);
	if (init_fd < 0 && init_fd != -ENOENT)
		return init_fd;
	pid_t pid = init_fd < 0 ? 0 : find_first(init_fd, pidfd, e);
	return pid == 0 ? err_say(e, ESRCH, "sandbox %s has no running init", id) : pid;
}

pid_t cgroup_find_egress(int root_fd, const char *id, int *pidfd, struct err *e)
{
	char path[LIMIT_ID_BYTES + 16];
	snprintf(path, sizeof(path), "%s/egress", id);
	AUTO_FD fd = openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open cgroup %s", path);
	return find_first(fd, pidfd, e);
}

/* Dying takes time, too: a thousand threads would need minutes of a hundredth's. */
static void lift_cpu(int fd)
{
	char path[32];
	fd_write_file(fd, "cpu.max", "max", NULL);
	fd_write_file(fd, "box/cpu.max", "max", NULL);
	for (unsigned i = 0; i < LIMIT_EXECS; i++) {
		snprintf(path, sizeof(path), "box/x%u/cpu.max", i);
		fd_write_file(fd, path, "max", NULL);
	}
}

int cgroup_remove(int root_fd, const char *id, struct err *e)
{
	AUTO_FD fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open cgroup %s", id);
	uint64_t deadline = clock_mono_ms() + REMOVE_MS;
	int rc;
	lift_cpu(fd);
	do {
		/* Again each time round: an exec that was about to join may have come in. */
		rc = fd_write_file(fd, "cgroup.kill", "1", e);
		if (rc < 0)
			return rc;
		rc = cgroup_wait_empty(fd, deadline, e);
		if (rc < 0)
			return rc;
		rc = remove_children(fd);
		if (rc == 0 && unlinkat(root_fd, id, AT_REMOVEDIR) < 0 && errno != ENOENT)
			rc = -errno;
	} while (rc == -EBUSY && clock_mono_ms() < deadline);
	return rc < 0 ? err_set(e, -rc, "remove cgroup %s", id) : 0;
}
