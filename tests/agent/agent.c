/* SPDX-License-Identifier: MIT */
/* The tests' second channel into a booted appliance: runs commands in its root and counts what the
 * kernel holds, asked over the second serial port.
 *
 * The harness appends this program to the initramfs and boots with rdinit=/test-init. It opens what
 * it needs, removes its own files, forks, and execs /init, so that PID 1 is the one that ships; the
 * child stays behind and serves. Each request and reply is a head line followed by counted bytes:
 *
 *   "run <bytes>\n" <command>   ->   "<exit code> <bytes>\n" <output>
 *   "counts 0\n"                ->   "0 <bytes>\n" <one line of JSON>
 *   "state 0\n"                 ->   "0 <bytes>\n" <that line, and lines of agent_state.c>
 *   "pass <bytes>\n" <token>    ->   "0 <bytes>\n" <lines of agent_pass.c>
 *   "hang 0\n"                  ->   "0 0\n", and PID 1 is stopped from then on
 *
 * With the arguments "shell ROWS COLUMNS" the port is a root shell's terminal: agent_shell.c.
 * The agent and its children are left out of the counts. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "agent.h"
#include "lib/fd.h"

#define SELF_PATH "/test-init"
#define TTY_PATH "/test-tty" /* c 4 65: ttyS1, built into the kernel, there before any /dev is */
#define APPLETS_PATH "/run/test-agent"
#define COMMAND_BYTES 65536
#define OUTPUT_BYTES (1024 * 1024)
#define NAMESPACES_MAX 2048     /* mount namespaces told apart: more than sandboxes there may be */
#define PF_KTHREAD 0x00200000UL /* include/linux/sched.h: a process of the kernel's own */

struct agent {
	int tty_fd;
	int proc_fd; /* the root of a proc file system that is mounted nowhere */
};

struct counts {
	size_t mounts; /* in every mount namespace that a process lives in */
	size_t tmpfs;  /* of those, tmpfs */
	size_t namespaces;
	size_t processes; /* without the kernel's own */
	size_t loops;     /* loop devices with a file behind them */
	unsigned long cgroups;
	unsigned long dying_cgroups;
	ino_t seen[NAMESPACES_MAX];
};

void agent_die(const char *what)
{
	fprintf(stderr, "test agent: %s: %s\n", what, strerror(errno));
	_exit(125);
}

/* A proc file system of our own, attached to no mount point, so that the counts don't show it. */
static int open_proc(void)
{
	AUTO_FD fs = (int)syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC);
	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		agent_die("fsopen proc");
	int fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	if (fd < 0)
		agent_die("fsmount proc");
	return fd;
}

static int open_tty(void)
{
	struct termios raw;
	int fd = open(TTY_PATH, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || tcgetattr(fd, &raw) < 0)
		agent_die("open " TTY_PATH);
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSANOW, &raw) < 0)
		agent_die("tcsetattr");
	return fd;
}

void agent_enter_root(int proc_fd)
{
	int ns = openat(proc_fd, "1/ns/mnt", O_RDONLY | O_CLOEXEC);
	int root = openat(proc_fd, "1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ns < 0 || root < 0 || setns(ns, CLONE_NEWNS) < 0)
		agent_die("enter the mount namespace of init");
	if (fchdir(root) < 0 || chroot(".") < 0)
		agent_die("enter the root of init");
}

/* The number after "key " in the flat-keyed file path; 0 if there is none. */
static unsigned long read_key(const char *path, const char *key)
{
	char text[4096], line[64];
	if (fd_read_file(AT_FDCWD, path, text, sizeof(text), NULL) < 0)
		return 0;
	snprintf(line, sizeof(line), "%s ", key);
	const char *at = strstr(text, line);
	return at ? strtoul(at + strlen(line), NULL, 10) : 0;
}

static void count_mounts(struct counts *c, pid_t pid)
{
	char path[64], line[4096];
	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return; /* it has ended */
	while (fgets(line, sizeof(line), f)) {
		c->mounts += strchr(line, '\n') != NULL;
		c->tmpfs += strstr(line, " - tmpfs ") != NULL;
	}
	fclose(f);
}

static bool first_of_namespace(struct counts *c, pid_t pid)
{
	char path[64];
	struct stat st;
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	if (stat(path, &st) < 0)
		return false; /* ended, or a zombie */
	for (size_t i = 0; i < c->namespaces; i++)
		if (c->seen[i] == st.st_ino)
			return false;
	if (c->namespaces == NAMESPACES_MAX)
		return false;
	c->seen[c->namespaces++] = st.st_ino;
	return true;
}

static bool is_kernel_thread(pid_t pid)
{
	char path[64], text[1024];
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (fd_read_file(AT_FDCWD, path, text, sizeof(text), NULL) < 0)
		return true; /* it has ended: not to be counted either */
	/* proc_pid_stat(5): pid (comm) state ppid pgrp session tty_nr tpgid flags. comm may hold a
	 * parenthesis. */
	const char *at = strrchr(text, ')');
	for (int spaces = 0; at && spaces < 7; spaces++)
		at = strchr(at + 1, ' ');
	return !at || (strtoul(at, NULL, 10) & PF_KTHREAD);
}

static void count_processes(struct counts *c)
{
	DIR *dir = opendir("/proc");
	if (!dir)
		agent_die("open /proc");
	for (struct dirent *d; (d = readdir(dir)) != NULL;) {
		pid_t pid = (pid_t)strtol(d->d_name, NULL, 10);
		if (pid <= 0 || pid == getpid() || pid == getppid() || is_kernel_thread(pid))
			continue;
		c->processes++;
		if (first_of_namespace(c, pid))
			count_mounts(c, pid);
	}
	closedir(dir);
}

/* A removed cgroup goes with the last page that it was the first to read of a shared layer. */
static void let_cgroups_go(void)
{
	fd_write_file(AT_FDCWD, "/proc/sys/vm/drop_caches", "3", NULL);
}

static void print_counts(void)
{
	static struct counts c;
	glob_t loops;
	count_processes(&c);
	if (glob("/sys/block/loop*/loop/backing_file", 0, NULL, &loops) == 0)
		c.loops = loops.gl_pathc;
	c.cgroups = read_key("/sys/fs/cgroup/squash/cgroup.stat", "nr_descendants");
	c.dying_cgroups = read_key("/sys/fs/cgroup/cgroup.stat", "nr_dying_descendants");
	printf("{\"mounts\":%zu,\"tmpfs\":%zu,\"namespaces\":%zu,\"processes\":%zu,\"loops\":%zu,"
	       "\"cgroups\":%lu,\"dying_cgroups\":%lu}\n",
	       c.mounts, c.tmpfs, c.namespaces, c.processes, c.loops, c.cgroups, c.dying_cgroups);
}

/* The appliance has no links to most of busybox's applets: give the shell those that tests use. */
static void make_applets(void)
{
	static const char *const names[] = {
		"awk",      "cat",   "cut", "dd",     "dmesg", "grep", "head",  "hostname",
		"ip",       "kill",  "ls",  "mkdir",  "mount", "mv",   "pidof", "ps",
		"readlink", "rm",    "sed", "setsid", "sleep", "sort", "stat",  "sync",
		"tail",     "touch", "tr",  "umount", "wc",    "wget",
	};
	char path[64];
	if (mkdir(APPLETS_PATH, 0755) < 0)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), APPLETS_PATH "/%s", names[i]);
		if (symlink("/bin/busybox", path) < 0)
			agent_die(path);
	}
}

/* In the child: answer the request on out_fd. */
static void child_answer(const struct agent *a, const char *verb, const char *command, int out_fd)
{
	agent_enter_root(a->proc_fd);
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	dup2(null_fd, STDIN_FILENO);
	dup2(out_fd, STDOUT_FILENO);
	dup2(out_fd, STDERR_FILENO);
	if (verb[0] == 'p') {
		agent_pass_all(command);
		fflush(stdout);
		_exit(0);
	}
	if (verb[0] != 'r') {
		if (verb[0] == 'c')
			let_cgroups_go();
		print_counts();
		if (verb[0] == 's')
			agent_print_state();
		fflush(stdout);
		_exit(0);
	}
	setsid();
	clearenv();
	make_applets();
	setenv("PATH", APPLETS_PATH ":/bin:/sbin", 1);
	execl("/bin/busybox", "sh", "-c", command, (char *)NULL);
	agent_die("exec /bin/busybox");
}

/* Stop PID 1 as long as this process lives: signals can't. */
static int hang_init(void)
{
	int status;
	if (ptrace(PTRACE_SEIZE, 1, NULL, NULL) < 0 || ptrace(PTRACE_INTERRUPT, 1, NULL, NULL) < 0)
		return errno;
	return waitpid(1, &status, __WALL) == 1 && WIFSTOPPED(status) ? 0 : EPROTO;
}

/* Run one request and send the reply. Output past OUTPUT_BYTES ends the command by SIGPIPE. */
static void answer(const struct agent *a, const char *verb, const char *command)
{
	static char output[OUTPUT_BYTES];
	int pipe_fds[2], status = 0;
	if (verb[0] == 'h') {
		dprintf(a->tty_fd, "%d 0\n", hang_init());
		return;
	}
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		agent_die("pipe");
	pid_t pid = fork();
	if (pid < 0)
		agent_die("fork");
	if (pid == 0)
		child_answer(a, verb, command, pipe_fds[1]);
	close(pipe_fds[1]);
	ssize_t n = fd_read_all(pipe_fds[0], output, sizeof(output));
	close(pipe_fds[0]);
	waitpid(pid, &status, 0);
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	char head[64];
	int head_bytes = snprintf(head, sizeof(head), "%d %zd\n", code, n);
	if (fd_write_all(a->tty_fd, head, (size_t)head_bytes) < 0 ||
	    fd_write_all(a->tty_fd, output, n < 0 ? 0 : (size_t)n) < 0)
		agent_die("write reply");
}

static void read_head(const struct agent *a, char *line, size_t cap)
{
	size_t n = 0;
	while (n < cap - 1) {
		if (fd_read_all(a->tty_fd, line + n, 1) != 1)
			agent_die("read request");
		if (line[n] == '\n')
			break;
		n++;
	}
	line[n] = '\0';
}

static void serve(const struct agent *a)
{
	static char command[COMMAND_BYTES + 1];
	char line[64];
	for (;;) {
		read_head(a, line, sizeof(line));
		const char *space = strchr(line, ' ');
		size_t bytes = space ? strtoul(space, NULL, 10) : SIZE_MAX;
		if (bytes > COMMAND_BYTES) {
			errno = EPROTO;
			agent_die("understand request");
		}
		if (fd_read_all(a->tty_fd, command, bytes) != (ssize_t)bytes)
			agent_die("read command");
		command[bytes] = '\0';
		answer(a, line, command);
	}
}

int main(int argc, char **argv, char **envp)
{
	static char init_path[] = "/init";
	/* Before the fork: /init may empty this root as soon as it runs. */
	struct agent a = {.tty_fd = open_tty(), .proc_fd = open_proc()};
	unlink(SELF_PATH);
	unlink(TTY_PATH);
	pid_t pid = fork();
	if (pid < 0)
		agent_die("fork");
	if (pid == 0) {
		setsid();
		signal(SIGHUP, SIG_IGN);
		if (argc == 4 && strcmp(argv[1], "shell") == 0)
			agent_shell(a.tty_fd, a.proc_fd, atoi(argv[2]), atoi(argv[3]));
		serve(&a);
	}
	char *const init_argv[] = {init_path, NULL};
	execve(init_path, init_argv, envp);
	agent_die("exec /init");
	return 1;
}
