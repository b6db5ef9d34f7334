/* SPDX-License-Identifier: MIT */
#include "privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/fd.h"
#include "payload_calls.h"
#include "spawn.h"
#include "squashd/sandbox.h"

#define BIT(capability) (UINT64_C(1) << (capability))

const uint64_t privilege_payload_caps =
	BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_KILL) |
	BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) |
	BIT(CAP_NET_RAW) | BIT(CAP_SYS_CHROOT) | BIT(CAP_MKNOD) | BIT(CAP_AUDIT_WRITE) |
	BIT(CAP_SETFCAP);

/* Holds the new user namespace until somebody else does. */
static int wait_for_kill(void *arg, struct err *e)
{
	const pid_t *worker = arg;
	(void)e;
	/* It has copies of what the worker has open, its locks among them, and must not be there
	 * when that is gone. */
	if (syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL) == 0 && syscall(SYS_getppid) == *worker)
		syscall(SYS_pause); /* every signal but SIGKILL is blocked */
	return 0;
}

static int write_map(pid_t pid, const char *name, uint32_t uid_base, struct err *e)
{
	char path[64], map[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	snprintf(map, sizeof(map), "0 %" PRIu32 " %d", uid_base, LIMIT_IDS);
	return fd_write_file(AT_FDCWD, path, map, e);
}

/* Real and saved id stay root's, so the permitted capabilities stay, and are effective again with
 * the way back: capabilities(7). */
static int set_effective_id(uint32_t id, struct err *e)
{
	if (syscall(SYS_setresuid, -1, id, -1) < 0)
		return err_set(e, errno, "act as user %" PRIu32, id);
	return 0;
}

/* What is counted of a user in a namespace is counted of the namespace's owner, too, in its parent
 * (queued signals, timers and message queues: getrlimit(2); inotify): kernel/ucount.c. If root
 * owned all of them, a sandbox could use up what is one account for all. The owner is who creates
 * it. He has all capabilities over it (user_namespaces(7)), so he is somebody who acts nowhere in
 * our own namespace: the sandbox's root. */
static pid_t start_as_owner(uint32_t owner, const struct spawn *s, void *stack, size_t len,
			    int *pidfd, struct err *e)
{
	struct err back;
	int rc = set_effective_id(owner, e);
	if (rc < 0)
		return rc;
	pid_t pid = spawn_beside(s, stack, len, pidfd, e);
	if (set_effective_id(0, &back) < 0) {
		fprintf(stderr, "squashd: %s\n", back.text);
		_exit(1); /* a worker that isn't root is none */
	}
	return pid;
}

int privilege_make_userns(uint32_t uid_base, struct err *e)
{
	char stack[4096] __attribute__((aligned(16)));
	AUTO_FD pidfd = -1;
	pid_t worker = getpid();
	struct spawn s = {.clone_flags = CLONE_NEWUSER,
			  .cgroup_fd = -1,
			  .run = wait_for_kill,
			  .arg = &worker};
	pid_t pid = start_as_owner(uid_base, &s, stack, sizeof(stack), &pidfd, e);
	if (pid < 0)
		return pid;

	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	int fd = -1;
	int rc = write_map(pid, "uid_map", uid_base, e);
	if (rc == 0)
		rc = write_map(pid, "gid_map", uid_base, e);
	if (rc == 0) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			rc = err_set(e, errno, "open %s", path);
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return rc < 0 ? rc : fd;
}

static int set_caps(uint64_t permitted, uint64_t effective)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.permitted = (uint32_t)permitted, .effective = (uint32_t)effective},
		{.permitted = (uint32_t)(permitted >> 32),
		 .effective = (uint32_t)(effective >> 32)},
	};
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

int privilege_set_fs_id(uint32_t id, struct err *e)
{
	setfsgid(id);
	setfsuid(id);
	if ((uint32_t)setfsuid((uid_t)-1) != id) /* it has no other way to say that it failed */
		return err_set(e, EPERM, "setfsuid %" PRIu32, id);
	/* Leaving fsuid 0 took the capabilities over files out of the effective set
	 * (capabilities(7)): put back what is permitted. */
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &head, data) < 0)
		return err_set(e, errno, "capget");
	uint64_t permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	int rc = set_caps(permitted, permitted);
	return rc < 0 ? err_set(e, -rc, "capset") : 0;
}

/* A keyring of its own. squashd's holds nothing today; what the kernel itself may put into one, for
 * a file system say, is not to be shared. Before the ids change: it is on the account of root then,
 * whose limit is a million. */
static int join_keyring(struct err *e)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
		return err_set(e, errno, "join a session keyring");
	return 0;
}

/* Nothing but caps can come back by exec. */
static int bound_caps(uint64_t caps, struct err *e)
{
	for (int cap = 0; cap < 64; cap++)
		if (!(caps & BIT(cap)) && prctl(PR_CAPBSET_DROP, cap) < 0) {
			if (errno == EINVAL) /* the kernel has no more of them */
				break;
			return err_set(e, errno, "drop capability %d", cap);
		}
	return 0;
}

static int set_ids(uint32_t id, struct err *e)
{
	if (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, id, id, id) < 0 ||
	    syscall(SYS_setresuid, id, id, id) < 0)
		return err_set(e, errno, "become user %" PRIu32, id);
	return 0;
}

int privilege_become_root_of(int userns_fd, uint64_t caps, struct err *e)
{
	int rc = join_keyring(e);
	if (rc < 0)
		return rc;
	/* From here on every capability is one over the user namespace alone. */
	if (setns(userns_fd, CLONE_NEWUSER) < 0)
		return err_set(e, errno, "enter user namespace");
	rc = bound_caps(caps, e);
	if (rc == 0)
		rc = set_ids(0, e);
	if (rc < 0)
		return rc;
	/* Now, because it takes CAP_SYS_ADMIN over the user namespace, which is about to go. What
	 * else would do is no_new_privs, and sudo would not work: it could not become root. Without
	 * it set-user-ID programs run under the filter too, which nobody inside has chosen: it
	 * doesn't confuse them into doing what they should not. */
	rc = seccomp_load(&payload_calls, e);
	if (rc < 0)
		return rc;
	rc = set_caps(caps, caps);
	return rc < 0 ? err_set(e, -rc, "capset") : 0;
}

int privilege_become_user(uint32_t id, const char *root, struct err *e)
{
	int rc = join_keyring(e);
	if (rc < 0)
		return rc;
	/* While there are capabilities: this takes one, */
	if (chroot(root) < 0 || chdir("/") < 0)
		return err_set(e, errno, "change the root to %s", root);
	/* and so does this. */
	rc = bound_caps(0, e);
	/* For good: nobody is root any more, */
	if (rc == 0)
		rc = set_ids(id, e);
	if (rc < 0)
		return rc;
	/* has a capability, */
	rc = set_caps(0, 0);
	if (rc < 0)
		return err_set(e, -rc, "capset");
	/* or comes by any privilege by executing something. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "set no_new_privs");
	return 0;
}
