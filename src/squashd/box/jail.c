/* SPDX-License-Identifier: MIT */
/* Theory of operation. mksquashfs reads a tree that strangers made, as root, and is 20,000 lines of
 * C: it must be taken for theirs. What it has, once executed:
 *
 *   files        a root of its own: tree/, read-only, and out; both without devices, setuid bits
 *                and execution; no other descriptor but /dev/null and a pipe that it talks into
 *   namespaces   mount, pid, network, ipc, uts: no process but itself, no interface
 *   capabilities to read trusted.* attributes (CAP_SYS_ADMIN of the initial user namespace:
 *                xattr(7)) and files whatever their mode
 *   calls        those below. So CAP_SYS_ADMIN is good for reading attributes, and nothing else
 *   limits       its cgroup's, and the size of out
 *   life         its parent's */
#include "jail.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/paths.h"
#include "lib/seccomp.h"
#include "root.h"
#include "squashd/kernel/mnt.h"

#define BIT(capability) (UINT64_C(1) << (capability))

/* What mksquashfs 4.6.1 on musl 1.2.5 was seen to call, when all goes well and when something does
 * not; "also" introduces what it may call in cases that are hard to come by. */
static const struct seccomp_rule calls[] = {
	ALLOW(SYS_execveat), /* ours, to start it */
	/* threads and signals; also: handlers, abort */
	ALLOW(SYS_arch_prctl),
	ALLOW(SYS_set_tid_address),
	REFUSE_IF(SYS_clone, EPERM, ARG_HAS(0, NEW_NAMESPACES)),
	ALLOW(SYS_clone),
	ALLOW(SYS_futex),
	ALLOW(SYS_rt_sigaction),
	ALLOW(SYS_rt_sigprocmask),
	ALLOW(SYS_rt_sigtimedwait),
	ALLOW(SYS_sched_getaffinity),
	ALLOW(SYS_sched_yield),
	ALLOW(SYS_nanosleep),
	ALLOW(SYS_exit),
	ALLOW(SYS_exit_group),
	ALLOW(SYS_rt_sigreturn),
	ALLOW(SYS_restart_syscall),
	ALLOW(SYS_gettid),
	ALLOW(SYS_tkill),
	/* memory; also: realloc and free of large blocks */
	ALLOW(SYS_brk),
	ALLOW(SYS_mmap),
	ALLOW(SYS_munmap),
	ALLOW(SYS_mprotect),
	ALLOW(SYS_sysinfo),
	ALLOW(SYS_mremap),
	ALLOW(SYS_madvise),
	/* the tree */
	ALLOW(SYS_open),
	ALLOW(SYS_close),
	ALLOW(SYS_read),
	ALLOW(SYS_lseek),
	ALLOW(SYS_stat),
	ALLOW(SYS_lstat),
	ALLOW(SYS_fcntl),
	ALLOW(SYS_getdents64),
	ALLOW(SYS_readlink),
	ALLOW(SYS_llistxattr),
	ALLOW(SYS_lgetxattr),
	/* the file, and what it says; also: a file that has changed, and clocks without vDSO */
	ALLOW(SYS_write),
	ALLOW(SYS_writev),
	ALLOW(SYS_ftruncate),
	ALLOW(SYS_fstat),
	ALLOW(SYS_clock_gettime),
	/* It asks for the terminal's width, and when it fails it removes its file, which here is a
	 * mount on a read-only root. Some ioctls stop whole file systems: there are none. */
	REFUSE(SYS_ioctl, ENOTTY),
	REFUSE(SYS_unlink, EROFS),
};

static const struct seccomp_table only_calls = {calls, sizeof(calls) / sizeof(calls[0]), 0};

static int set_limits(const struct jail *j, struct err *e)
{
	const struct rlimit no_core = {0, 0};
	const struct rlimit size = {j->max_bytes, j->max_bytes};
	/* It holds each directory open from the root to where it is: half of PATH_MAX, at most. */
	const struct rlimit files = {4096, 4096};
	/* squashd is hard to kill for want of memory; what it starts must not be. */
	if (fd_write_file(AT_FDCWD, "/proc/self/oom_score_adj", "0", e) < 0)
		return -e->number;
	if (setrlimit(RLIMIT_CORE, &no_core) < 0 || setrlimit(RLIMIT_NOFILE, &files) < 0 ||
	    (j->max_bytes && setrlimit(RLIMIT_FSIZE, &size) < 0))
		return err_set(e, errno, "limit mksquashfs");
	/* Past its limit a write is to fail and be reported, not to kill. */
	signal(SIGXFSZ, SIG_IGN);
	return 0;
}

static int attach(const struct jail *j, int stage_fd, struct err *e)
{
	if (mkdirat(stage_fd, "tree", 0700) < 0 || mknodat(stage_fd, "out", S_IFREG | 0600, 0) < 0)
		return err_set(e, errno, "make the root of mksquashfs");
	int rc = mnt_attach(j->tree_fd, stage_fd, "tree", e);
	if (rc == 0)
		rc = mnt_attach(j->out_fd, stage_fd, "out", e);
	if (rc == 0)
		rc = mnt_restrict(stage_fd, MNT_READ_ONLY, e);
	return rc;
}

/* The appliance's tree is gone after this. */
static int change_root(const struct jail *j, struct err *e)
{
	static const struct mnt_option options[] = {
		{"source", "capture"}, {"size", "16k"}, {"mode", "0700"}, {NULL, NULL}};
	unsigned flags = MNT_NO_SUID | MNT_NO_DEV | MNT_NO_EXEC;
	AUTO_FD stage = root_make_stage(options, flags, e);
	int rc = stage < 0 ? stage : attach(j, stage, e);
	if (rc < 0)
		return rc;
	if (fchdir(stage) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_set(e, errno, "change the root of mksquashfs");
	return 0;
}

/* All but stdin, stdout, stderr and the program, which closes on exec. */
static int settle_descriptors(const struct jail *j, int null_fd, struct err *e)
{
	unsigned program = (unsigned)j->program_fd;
	if (dup2(null_fd, 0) < 0 || dup2(j->talk_fd, 1) < 0 || dup2(j->talk_fd, 2) < 0 ||
	    (program > 3 && syscall(SYS_close_range, 3u, program - 1, 0) < 0) ||
	    syscall(SYS_close_range, program + 1, ~0u, 0) < 0)
		return err_set(e, errno, "settle descriptors");
	return 0;
}

/* Root stays root, so that it may write to out; with these capabilities, and no way to others. */
static int drop_capabilities(struct err *e)
{
	const uint64_t keep = BIT(CAP_SYS_ADMIN) | BIT(CAP_DAC_READ_SEARCH);
	/* Root's execve gives it what the bounding set holds: capabilities(7). */
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if (!(keep & BIT(cap)) && prctl(PR_CAPBSET_DROP, cap) < 0)
			return err_set(e, errno, "drop capability %d", cap);
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.permitted = (uint32_t)keep, .effective = (uint32_t)keep},
		{.permitted = (uint32_t)(keep >> 32), .effective = (uint32_t)(keep >> 32)},
	};
	if (syscall(SYS_capset, &head, data) < 0)
		return err_set(e, errno, "capset");
	return 0;
}

/* To be done after credentials have changed, as that forgets it: PR_SET_PDEATHSIG(2const). */
static int die_with_parent(struct err *e)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_set(e, errno, "set the signal of the parent's death");
	/* It may be dead already. getppid() can't say that from inside a pid namespace; the pipe
	 * can, that it alone reads. */
	struct pollfd talk = {.fd = 1};
	if (poll(&talk, 1, 0) < 0 || talk.revents)
		return err_say(e, ESRCH, "the parent of mksquashfs is gone");
	return 0;
}

static void execute(const struct jail *j, struct err *e)
{
	char memory[24];
	sigset_t none;
	snprintf(memory, sizeof(memory), "%" PRIu64 "M", j->memory_mb);
	const char *const argv[] = {
		"mksquashfs", "tree", "out", "-noappend", "-quiet", "-no-progress",
		"-exit-on-error", /* what can't be read is not to be left out in silence */
		"-comp", "zstd", "-Xcompression-level", "1", "-mem", memory,
		/* Looking for files of the same content is quadratic in how many look alike. */
		"-no-duplicates",
		/* What overlayfs notes about the layers below; they may be others next time. */
		"-xattrs-exclude", "^trusted.overlay.(origin|impure|uuid|nlink|upper)", NULL};
	char *const envp[] = {NULL}; /* no SOURCE_DATE_EPOCH */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	syscall(SYS_execveat, j->program_fd, "", argv, envp, AT_EMPTY_PATH);
	err_set(e, errno, "execute %s", PATH_MKSQUASHFS);
}

int jail_become_mksquashfs(void *arg, struct err *e)
{
	const struct jail *j = arg;
	/* A flock goes with its last copy: until then a sweep takes it for a capture that runs. */
	close(j->lock_fd);
	/* Privilege: the appliance's root, in namespaces and a cgroup of its own. */
	AUTO_FD null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0) {
		err_set(e, errno, "open /dev/null");
		return 1;
	}
	int rc = set_limits(j, e);
	/* Privilege: no path leads to the appliance's files from here on, */
	if (rc == 0)
		rc = change_root(j, e);
	/* nor a descriptor; */
	if (rc == 0)
		rc = settle_descriptors(j, null, e);
	/* two capabilities are left; */
	if (rc == 0)
		rc = drop_capabilities(e);
	if (rc == 0)
		rc = die_with_parent(e);
	/* and a few system calls, for ever. */
	if (rc == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		rc = err_set(e, errno, "set no_new_privs");
	if (rc == 0)
		rc = seccomp_load(&only_calls, e);
	if (rc == 0)
		execute(j, e);
	return 1;
}
