/* SPDX-License-Identifier: MIT */
/* Starts children and takes privileges from them. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "console.h"
#include "lib/fd.h"

#define EXIT_CANNOT_START 127 /* as a shell has it */

/* stdin, stdout and stderr are opened anew: those of PID 1 don't block, and are its own. */
static void set_up(void)
{
	sigset_t none;
	struct rlimit no_core = {0, 0};
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	setrlimit(RLIMIT_CORE, &no_core);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		dup2(fd, STDIN_FILENO);
	child_set_output("/dev/console");
}

pid_t child_start(const char *name, void (*run)(const void *context), const void *context,
		  struct err *e)
{
	pid_t pid = fork();
	if (pid < 0)
		return err_set(e, errno, "start %s", name ? name : "a service");
	if (pid > 0)
		return pid;
	set_up();
	run(context);
	if (name) /* errno belongs to the last thing that run tried */
		console_say("%s cannot be started: %s.", name, strerror(errno));
	_exit(EXIT_CANNOT_START);
}

bool child_wait(pid_t pid, int timeout_ms, int *status)
{
	/* A descriptor of the process, because waitpid(2) knows no timeout. */
	AUTO_FD fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = {.fd = fd, .events = POLLIN};
	int n;
	do {
		n = poll(&ended, 1, timeout_ms);
	} while (n < 0 && errno == EINTR);
	return waitpid(pid, status, WNOHANG) == pid;
}

void child_set_output(const char *path)
{
	int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
}

void child_set_oom_score(int score)
{
	char text[16];
	snprintf(text, sizeof(text), "%d", score);
	fd_write_file(AT_FDCWD, "/proc/self/oom_score_adj", text, NULL);
}

int child_limit_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	memset(sets, 0, sizeof(sets));
	/* The bounding set: what no exec can give back. EINVAL: past the last capability. */
	for (int cap = 0; cap < 64; cap++) {
		if (!(keep >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 &&
		    errno != EINVAL)
			return -errno;
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	if (keep)
		return 0; /* root gets the bounding set at exec, and nothing more */
	/* What the next step, becoming another user, still needs. */
	uint32_t until_then = 1U << CAP_SETGID | 1U << CAP_SETUID;
	sets[0].permitted = until_then;
	sets[0].effective = until_then;
	return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}

int child_refuse_privileges(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

/* Refuse all of to_file, for files, and to_directory besides but on these paths and below them. */
static int limit_access(uint64_t to_file, uint64_t to_directory, const char *const *paths)
{
	struct landlock_ruleset_attr all = {.handled_access_fs = to_file | to_directory};
	AUTO_FD rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (rules < 0)
		return -errno;
	for (; *paths; paths++) {
		struct stat st;
		AUTO_FD fd = open(*paths, O_PATH | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) < 0)
			return -errno;
		struct landlock_path_beneath_attr here = {
			.allowed_access = S_ISDIR(st.st_mode) ? all.handled_access_fs : to_file,
			.parent_fd = fd,
		};
		if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &here, 0) < 0)
			return -errno;
	}
	return syscall(SYS_landlock_restrict_self, rules, 0) < 0 ? -errno : 0;
}

int child_write_only_below(const char *const *paths)
{
	const uint64_t truncate = 1 << 14; /* LANDLOCK_ACCESS_FS_TRUNCATE of Linux 6.2 */
	return limit_access(LANDLOCK_ACCESS_FS_WRITE_FILE | truncate,
			    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
				    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
				    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
				    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
				    LANDLOCK_ACCESS_FS_MAKE_SYM,
			    paths);
}

int child_read_only_below(const char *const *paths)
{
	return limit_access(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE,
			    LANDLOCK_ACCESS_FS_READ_DIR, paths);
}

int child_become(const char *root, uid_t id)
{
	/* While still root: chroot(2) takes a capability. Every descriptor but those given to the
	 * program closes at exec, so that none leads out. */
	if (chroot(root) < 0 || chdir("/") < 0)
		return -errno;
	/* Nothing of root's may come back by exec; this takes a capability, too. */
	int rc = child_limit_capabilities(0);
	/* From here on it is an ordinary user, for good. */
	if (rc == 0)
		rc = child_set_user(id);
	return rc < 0 ? rc : child_refuse_privileges();
}

void child_exec(int rc, const char *path, char **args, char **environment)
{
	if (rc < 0)
		errno = -rc;
	else
		execve(path, args, environment);
}

int child_set_user(uid_t id)
{
	/* Groups first: without root they could no longer be given up. */
	if (setgroups(0, NULL) < 0)
		return -errno;
	if (setresgid(id, id, id) < 0)
		return -errno;
	/* Real, effective and saved: none is left to return to. The kernel empties the capability
	 * sets at this change. */
	if (setresuid(id, id, id) < 0)
		return -errno;
	return 0;
}

int child_set_user_with(uid_t id, uint64_t keep)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	memset(sets, 0, sizeof(sets));
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		uint32_t word = (uint32_t)(keep >> (32 * i));
		sets[i].permitted = word;
		sets[i].effective = word;
		sets[i].inheritable = word; /* what is ambient must be */
	}
	int rc = prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ? -errno : child_set_user(id);
	if (rc == 0 && syscall(SYS_capset, &header, sets) < 0)
		rc = -errno;
	for (int cap = 0; rc == 0 && cap < 64; cap++) {
		if (keep >> cap & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			rc = -errno;
	}
	return rc;
}
