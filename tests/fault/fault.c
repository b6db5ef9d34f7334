/* SPDX-License-Identifier: MIT */
/* squashd with faults: linked with squashd's own objects by ld's --wrap, this stands between them
 * and the C library. Every call by which a worker changes something, or gets hold of something, is
 * a point. At a chosen one the call fails without being done, or the worker dies before it is done.
 *
 * The file CONTROL says where, in one line: the request's number (enum msg_op), the point's (from
 * 1; 0: none) and one of
 *
 *   error   the call fails
 *   kill    the worker dies there; a child that it waits for (spawn.h) dies with it
 *   orphan  as kill, but the child goes on: what kill -9 of the worker's pid does. No different
 *           from kill at a point that is not a child's.
 *
 * The first worker that gets such a request takes CONTROL away and obeys. RESULT then has a line
 * for each point that it passes: "* " if in a child, the call's name, and " <- error" or so at the
 * chosen one. It is mapped, so it is true however the worker ends.
 *
 * The reply is a point too, but only to die at. */
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "lib/msg.h"
#include "squashd/kernel/spawn.h"

#define CONTROL "/run/fault/control"
#define RESULT "/run/fault/result"
#define RESULT_BYTES 65536

enum way { WAY_ERROR, WAY_KILL, WAY_ORPHAN };

/* The worker's, and that of its children: once it is armed, in memory that they share. */
struct fault {
	bool armed;
	bool child; /* one runs, and the worker stands still until it has executed or ended */
	bool dead;  /* it has died: so does the worker, at once */
	bool replying;
	enum way way;
	unsigned at, passed;
	long worker; /* its pid */
	int trap;    /* to write to it kills the worker: a child in a pid namespace can't name it */
	char *result;
	size_t result_len;
};

static struct fault unarmed;
static struct fault *fault = &unarmed;

/* A wrapper is declared here, and the Makefile finds its name in these lines. */
#define WRAPPED(type, name, ...)                                                                   \
	type __real_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__)

/* A wrapper that does no more than be a point. */
#define POINT(type, name, error, parameters, arguments)                                            \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return strikes(#name, error) ? -1 : __real_##name arguments;                       \
	}

WRAPPED(int, open, const char *path, int flags, ...);
WRAPPED(int, openat, int dir_fd, const char *path, int flags, ...);
WRAPPED(int, ioctl, int fd, int request, ...);
WRAPPED(int, prctl, int option, ...);
WRAPPED(int, fcntl, int fd, int command, ...);
WRAPPED(long, syscall, long number, ...);
WRAPPED(int, sigprocmask, int how, const sigset_t *set, sigset_t *old);
WRAPPED(int, msg_recv_head, int fd, struct msg_head *head, size_t token_max, size_t body_max,
	struct err *e);
WRAPPED(int, msg_send, int fd, uint16_t kind, const struct msg_sender *from, const struct buf *body,
	struct err *e);
WRAPPED(pid_t, spawn_until_exec, const struct spawn *s, int *pidfd, struct err *e);
WRAPPED(pid_t, spawn_beside, const struct spawn *s, void *stack, size_t len, int *pidfd,
	struct err *e);

static void say(const char *text)
{
	size_t len = strlen(text);
	if (fault->result_len + len >= RESULT_BYTES)
		return;
	memcpy(fault->result + fault->result_len, text, len);
	fault->result_len += len;
}

static void kill_worker(void)
{
	__real_syscall(SYS_kill, fault->worker, SIGKILL);
}

/* A child can't signal the worker, being in another pid namespace: the worker learns of its death
 * when it goes on, in sigprocmask (spawn.c). A child may be held to a few system calls: these. */
static void die(void)
{
	if (!fault->child)
		kill_worker();
	fault->dead = true;
	__real_syscall(SYS_exit_group, 137);
}

/* The worker alone. Without the descriptor, which a child may have closed, both. */
static void orphan(void)
{
	if (!fault->child || __real_syscall(SYS_write, fault->trap, "x", (size_t)1) != 1)
		die();
}

/* Pass a point. Whether the call is to fail; errno is set then. */
static bool strikes(const char *name, int error)
{
	static const char *const ways[] = {" <- error", " <- kill", " <- orphan"};
	if (!fault->armed || fault->replying)
		return false;
	fault->passed++;
	say(fault->child ? "\n* " : "\n");
	say(name);
	if (fault->passed != fault->at)
		return false;
	say(ways[fault->way]);
	if (fault->way == WAY_KILL)
		die();
	if (fault->way == WAY_ORPHAN)
		orphan();
	errno = error;
	return fault->way == WAY_ERROR;
}

/* fcntl(2), F_SETSIG: the kernel itself sends the signal when the pipe can be read. */
static void set_trap(void)
{
	int pipe_fds[2];
	fault->trap = -1;
	if (__real_syscall(SYS_pipe2, pipe_fds, O_CLOEXEC) < 0)
		return;
	__real_fcntl(pipe_fds[0], F_SETOWN, (int)fault->worker);
	__real_fcntl(pipe_fds[0], F_SETSIG, SIGKILL);
	__real_fcntl(pipe_fds[0], F_SETFL, O_ASYNC | O_NONBLOCK);
	fault->trap = pipe_fds[1];
}

static void arm(unsigned op)
{
	char text[64] = "", way[16];
	unsigned wanted, at;
	int fd = __real_open(CONTROL, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	read(fd, text, sizeof(text) - 1);
	close(fd);
	if (sscanf(text, "%u %u %15s", &wanted, &at, way) != 3 || wanted != op)
		return;
	void *memory = mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return;
	fault = memory;
	fault->at = at;
	fault->way = way[0] == 'e' ? WAY_ERROR : way[0] == 'k' ? WAY_KILL : WAY_ORPHAN;
	fault->worker = __real_syscall(SYS_getpid);
	fd = __real_open(RESULT, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ftruncate(fd, RESULT_BYTES);
	fault->result = mmap(NULL, RESULT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (fault->result == MAP_FAILED)
		return;
	__real_syscall(SYS_unlink, CONTROL);
	set_trap();
	fault->armed = true;
}

int __wrap_msg_recv_head(int fd, struct msg_head *head, size_t token_max, size_t body_max,
			 struct err *e)
{
	int rc = __real_msg_recv_head(fd, head, token_max, body_max, e);
	if (rc == 0)
		arm(head->kind);
	return rc;
}

int __wrap_msg_send(int fd, uint16_t kind, const struct msg_sender *from, const struct buf *body,
		    struct err *e)
{
	if (kind == MSG_EGRESS_POLICY) /* not the reply: its writes are points as any others */
		return __real_msg_send(fd, kind, from, body, e);
	strikes("reply", 0);
	fault->replying = true;
	int rc = __real_msg_send(fd, kind, from, body, e);
	fault->replying = false;
	return rc;
}

int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	if (fault->dead)
		kill_worker();
	return __real_sigprocmask(how, set, old);
}

pid_t __wrap_spawn_until_exec(const struct spawn *s, int *pidfd, struct err *e)
{
	if (strikes("clone3", EAGAIN))
		return err_set(e, EAGAIN, "clone3");
	fault->child = true;
	pid_t pid = __real_spawn_until_exec(s, pidfd, e);
	fault->child = false;
	return pid;
}

pid_t __wrap_spawn_beside(const struct spawn *s, void *stack, size_t len, int *pidfd, struct err *e)
{
	return strikes("clone3", EAGAIN) ? err_set(e, EAGAIN, "clone3")
					 : __real_spawn_beside(s, stack, len, pidfd, e);
}

/* Each of these takes a last argument that only some calls have; the kernel ignores it in the
 * others. */

static int open_error(int flags)
{
	return flags & O_CREAT ? ENOSPC : EMFILE;
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list list;
	va_start(list, flags);
	unsigned mode = va_arg(list, unsigned);
	va_end(list);
	return strikes("open", open_error(flags)) ? -1 : __real_open(path, flags, mode);
}

int __wrap_openat(int dir_fd, const char *path, int flags, ...)
{
	va_list list;
	va_start(list, flags);
	unsigned mode = va_arg(list, unsigned);
	va_end(list);
	return strikes("openat", open_error(flags)) ? -1 : __real_openat(dir_fd, path, flags, mode);
}

int __wrap_ioctl(int fd, int request, ...)
{
	va_list list;
	va_start(list, request);
	void *argument = va_arg(list, void *);
	va_end(list);
	return strikes("ioctl", EIO) ? -1 : __real_ioctl(fd, request, argument);
}

/* Only F_DUPFD makes anything. */
int __wrap_fcntl(int fd, int command, ...)
{
	va_list list;
	va_start(list, command);
	long argument = va_arg(list, long);
	va_end(list);
	bool makes = command == F_DUPFD || command == F_DUPFD_CLOEXEC;
	return makes && strikes("fcntl", EMFILE) ? -1 : __real_fcntl(fd, command, argument);
}

/* Of the bounding set, the first capability stands for all forty; reading it asks, and no more. */
int __wrap_prctl(int option, ...)
{
	unsigned long a[4];
	va_list list;
	va_start(list, option);
	for (size_t i = 0; i < sizeof(a) / sizeof(a[0]); i++)
		a[i] = va_arg(list, unsigned long);
	va_end(list);
	bool counts = option != PR_CAPBSET_READ && (option != PR_CAPBSET_DROP || a[0] == 0);
	return counts && strikes("prctl", EPERM) ? -1
						 : __real_prctl(option, a[0], a[1], a[2], a[3]);
}

/* System calls without a wrapper in musl; those that only ask are left out. */
static const struct {
	long number;
	const char *name;
	int error;
} points[] = {
	{SYS_fsopen, "fsopen", ENOMEM},
	{SYS_fsconfig, "fsconfig", ENOMEM},
	{SYS_fsmount, "fsmount", ENOMEM},
	{SYS_move_mount, "move_mount", ENOMEM},
	{SYS_open_tree, "open_tree", ENOMEM},
	{SYS_mount_setattr, "mount_setattr", ENOMEM},
	{SYS_umount2, "umount2", ENOMEM},
	{SYS_pivot_root, "pivot_root", ENOMEM},
	{SYS_openat2, "openat2", EMFILE},
	{SYS_pidfd_open, "pidfd_open", EMFILE},
	{SYS_pidfd_send_signal, "pidfd_send_signal", EPERM},
	{SYS_capset, "capset", EPERM},
	{SYS_setgroups, "setgroups", EPERM},
	{SYS_setresgid, "setresgid", EPERM},
	{SYS_setresuid, "setresuid", EPERM},
	{SYS_execveat, "execveat", ENOMEM},
	{SYS_renameat2, "renameat2", EIO},
	{SYS_quotactl, "quotactl", EIO},
	{__NR_quotactl_fd, "quotactl_fd", EIO},
	{SYS_close_range, "close_range", EIO},
	{SYS_seccomp, "seccomp", ENOMEM},
	{SYS_memfd_create, "memfd_create", EMFILE},
	{SYS_keyctl, "keyctl", EDQUOT},
	{SYS_bpf, "bpf", ENOMEM},
};

long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list list;
	va_start(list, number);
	for (size_t i = 0; i < sizeof(a) / sizeof(a[0]); i++)
		a[i] = va_arg(list, long);
	va_end(list);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		if (points[i].number == number && strikes(points[i].name, points[i].error))
			return -1;
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

POINT(int, mkdirat, ENOSPC, (int dir_fd, const char *path, mode_t mode), (dir_fd, path, mode))
POINT(int, mknodat, ENOSPC, (int dir_fd, const char *path, mode_t mode, dev_t dev),
      (dir_fd, path, mode, dev))
POINT(int, unlinkat, EIO, (int dir_fd, const char *path, int flags), (dir_fd, path, flags))
POINT(int, rmdir, EIO, (const char *path), (path))
POINT(int, renameat, EIO, (int a_fd, const char *a, int b_fd, const char *b), (a_fd, a, b_fd, b))
POINT(int, symlinkat, ENOSPC, (const char *to, int dir_fd, const char *path), (to, dir_fd, path))
POINT(int, linkat, ENOSPC, (int a_fd, const char *a, int b_fd, const char *b, int flags),
      (a_fd, a, b_fd, b, flags))
POINT(int, fchmod, EIO, (int fd, mode_t mode), (fd, mode))
POINT(int, fchmodat, EIO, (int dir_fd, const char *path, mode_t mode, int flags),
      (dir_fd, path, mode, flags))
POINT(int, fchown, EIO, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
POINT(int, ftruncate, ENOSPC, (int fd, off_t len), (fd, len))
POINT(int, fallocate, ENOSPC, (int fd, int mode, off_t at, off_t len), (fd, mode, at, len))
POINT(int, fsync, EIO, (int fd), (fd))
POINT(int, fdatasync, EIO, (int fd), (fd))
POINT(int, syncfs, EIO, (int fd), (fd))
POINT(int, fsetxattr, ENOSPC, (int fd, const char *name, const void *value, size_t len, int flags),
      (fd, name, value, len, flags))
POINT(int, fremovexattr, EIO, (int fd, const char *name), (fd, name))
POINT(ssize_t, write, ENOSPC, (int fd, const void *data, size_t len), (fd, data, len))
POINT(ssize_t, pwrite, ENOSPC, (int fd, const void *data, size_t len, off_t at),
      (fd, data, len, at))
POINT(ssize_t, sendmsg, ENOBUFS, (int fd, const struct msghdr *message, int flags),
      (fd, message, flags))
POINT(int, flock, ENOLCK, (int fd, int operation), (fd, operation))
POINT(int, pipe2, EMFILE, (int *fds, int flags), (fds, flags))
POINT(int, socket, EMFILE, (int domain, int type, int protocol), (domain, type, protocol))
POINT(int, bind, EADDRINUSE, (int fd, const struct sockaddr *a, socklen_t len), (fd, a, len))
POINT(int, listen, EADDRINUSE, (int fd, int backlog), (fd, backlog))
POINT(int, connect, ECONNREFUSED, (int fd, const struct sockaddr *a, socklen_t len), (fd, a, len))
POINT(ssize_t, send, ENOBUFS, (int fd, const void *data, size_t len, int flags),
      (fd, data, len, flags))
POINT(int, setsockopt, ENOPROTOOPT,
      (int fd, int level, int option, const void *value, socklen_t len),
      (fd, level, option, value, len))
POINT(int, mount, ENOMEM,
      (const char *from, const char *to, const char *type, unsigned long flags, const void *data),
      (from, to, type, flags, data))
POINT(int, umount2, ENOMEM, (const char *path, int flags), (path, flags))
POINT(int, setrlimit, EPERM, (int resource, const struct rlimit *limit), (resource, limit))
POINT(int, chdir, EIO, (const char *path), (path))
POINT(int, fchdir, EIO, (int fd), (fd))
POINT(int, chroot, ENOMEM, (const char *path), (path))
POINT(int, setns, ENOMEM, (int fd, int kind), (fd, kind))
POINT(int, unshare, ENOMEM, (int flags), (flags))
POINT(int, sethostname, ENOMEM, (const char *name, size_t len), (name, len))
