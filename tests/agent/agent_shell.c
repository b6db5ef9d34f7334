/* SPDX-License-Identifier: MIT */
/* A root shell on a booted test image, for `make shell`: the serial port is its terminal. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "lib/fd.h"

#define ROOT_POLL_MS 20

/* All of busybox's applets: the appliance has links to few. */
#define APPLETS "/run/shell"
#define START "busybox mkdir " APPLETS "; busybox --install -s " APPLETS "; exec sh -i"

/* What stty(1) calls sane, with the rows and columns of the terminal at the other end. */
static void make_terminal(int tty_fd, int rows, int columns)
{
	struct termios t;
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
	if (tcgetattr(tty_fd, &t) < 0)
		agent_die("tcgetattr");
	t.c_iflag = ICRNL | IXON | IUTF8;
	t.c_oflag = OPOST | ONLCR;
	t.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
	t.c_cc[VINTR] = 'C' & 0x1f;
	t.c_cc[VQUIT] = '\\' & 0x1f;
	t.c_cc[VSUSP] = 'Z' & 0x1f;
	t.c_cc[VEOF] = 'D' & 0x1f;
	t.c_cc[VERASE] = 0x7f;
	if (tcsetattr(tty_fd, TCSANOW, &t) < 0 || ioctl(tty_fd, TIOCSWINSZ, &size) < 0)
		agent_die("set up the terminal");
}

/* The mount that a directory lies on (proc_pid_fdinfo(5), mnt_id). init mounts a second tree over
 * the first and goes there: its root is of another mount from then on. */
static long find_mount(int proc_fd, const char *path)
{
	char name[64], text[512];
	AUTO_FD fd = openat(proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(name, sizeof(name), "self/fdinfo/%d", fd);
	if (fd < 0 || fd_read_file(proc_fd, name, text, sizeof(text), NULL) < 0)
		agent_die(path);
	const char *at = strstr(text, "mnt_id:");
	return at ? strtol(at + strlen("mnt_id:"), NULL, 10) : 0;
}

static noreturn void exec_shell(int tty_fd, int proc_fd)
{
	clearenv();
	setenv("PATH", APPLETS ":/bin:/sbin", 1);
	setenv("HOME", "/", 1);
	setenv("TERM", "linux", 1);
	setenv("PS1", "squash:\\w# ", 1);
	agent_enter_root(proc_fd);
	if (setsid() < 0 || ioctl(tty_fd, TIOCSCTTY, 1) < 0)
		agent_die("take the terminal");
	signal(SIGHUP, SIG_DFL);
	dup2(tty_fd, STDIN_FILENO);
	dup2(tty_fd, STDOUT_FILENO);
	dup2(tty_fd, STDERR_FILENO);
	execl("/bin/busybox", "sh", "-c", START, (char *)NULL);
	agent_die("exec /bin/busybox");
}

noreturn void agent_shell(int tty_fd, int proc_fd, int rows, int columns)
{
	const struct timespec pause = {.tv_nsec = ROOT_POLL_MS * 1000000L};
	long first = find_mount(proc_fd, "self/root");
	while (find_mount(proc_fd, "1/root") == first)
		nanosleep(&pause, NULL);
	make_terminal(tty_fd, rows, columns);
	pid_t pid = fork();
	if (pid < 0)
		agent_die("fork");
	if (pid == 0)
		exec_shell(tty_fd, proc_fd);
	waitpid(pid, NULL, 0);
	kill(1, SIGTERM); /* init powers off */
	_exit(0);
}
