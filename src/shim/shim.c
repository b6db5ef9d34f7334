/* SPDX-License-Identifier: MIT */
/* A command's shim: feeds it, keeps what it writes, sees how it ends, tells squashd, and reads on
 * for whatever holds its pipes, which would die of SIGPIPE otherwise. squashd may be restarted
 * meanwhile: a report is made again until it is answered. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/limits.h"
#include "lib/ring.h"
#include "lib/seccomp.h"
#include "lib/shim.h"

#define AGAIN_MS 1000  /* until a report that nobody took is made again */
#define KILLED_MS 2000 /* for the pipes to close after a kill */

enum { IN, OUT, ERR, PID, REPORT, WATCHED };

static const struct seccomp_rule rules[] = {
	ALLOW(SYS_poll),
	/* pipes and rings */
	ALLOW(SYS_read),
	ALLOW(SYS_splice),
	ALLOW(SYS_sendfile),
	ALLOW(SYS_pwrite64),
	ALLOW(SYS_close),
	/* the command */
	ALLOW(SYS_waitid),
	/* squashd */
	ALLOW_IF(SYS_socket, ARG_IS(0, AF_UNIX),
		 ARG_IS(1, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)),
	ALLOW(SYS_connect),
	ALLOW(SYS_write),
	/* where the vDSO has no clock */
	ALLOW(SYS_clock_gettime),
	ALLOW(SYS_exit),
	ALLOW_RESTART_AND_EXIT,
};

static const struct seccomp_table calls = {rules, sizeof(rules) / sizeof(rules[0]), 0};

struct shim {
	int input_fd, in_fd;
	int out_fd[2]; /* stdout, stderr */
	int pid_fd;
	int ring_fd[2];
	uint64_t written[2];
	uint64_t started_ms, deadline_ms; /* the deadline of the pipes once the command has ended */
	bool ended;                       /* the command */
	bool done;                        /* that is reported, or needn't be */
	struct shim_report report;
	int report_fd; /* on its way */
	uint64_t again_ms;
};

/* Keep what there is of a stream, or drop it without a copy: who writes without end is not to cost
 * more than that. */
static void take(struct shim *s, int which)
{
	char data[RING_PIECE_BYTES];
	int fd = s->out_fd[which], ring = s->ring_fd[which];
	ssize_t n =
		ring >= 0 ? read(fd, data, sizeof(data))
			  : splice(fd, NULL, STDIN_FILENO, NULL, FD_PIPE_BYTES, SPLICE_F_NONBLOCK);
	if (n > 0 && ring >= 0)
		ring_write(ring, &s->written[which], data, (size_t)n);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		fd_close(&s->out_fd[which]);
}

static void reap(struct shim *s)
{
	siginfo_t info = {.si_pid = 0};
	if (waitid(P_PIDFD, (id_t)s->pid_fd, &info, WEXITED) < 0)
		return;
	s->report.exit_status = info.si_code == CLD_EXITED ? info.si_status : 0;
	s->report.signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
	s->report.ended_ms = clock_wall_ms();
	s->report.duration_ms = clock_mono_ms() - s->started_ms;
	s->ended = true;
	s->deadline_ms =
		clock_mono_ms() + (s->report.timed_out ? (unsigned)KILLED_MS : LIMIT_GRACE_MS);
	fd_close(&s->pid_fd);
	fd_close(&s->in_fd);
	fd_close(&s->input_fd);
}

static bool has_pipes(const struct shim *s)
{
	return s->out_fd[0] >= 0 || s->out_fd[1] >= 0;
}

/* What squashd is to be told now; 0: nothing. */
static uint32_t find_news(const struct shim *s, uint64_t now)
{
	if (s->done)
		return 0;
	if (s->ended)
		return !has_pipes(s) || now >= s->deadline_ms ? SHIM_ENDED : 0;
	return !s->report.timed_out && now >= s->deadline_ms ? SHIM_DUE : 0;
}

static void send_report(struct shim *s, uint32_t kind)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SHIM_SOCKET};
	s->report.kind = kind;
	if (kind == SHIM_ENDED)
		s->report.background = has_pipes(s);
	/* Where the queue is full, connect fails at once: the pipes don't wait for it. */
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	    write(fd, &s->report, sizeof(s->report)) == (ssize_t)sizeof(s->report))
		s->report_fd = fd_steal(&fd);
	else
		s->again_ms = clock_mono_ms() + AGAIN_MS;
}

static void let_go(struct shim *s)
{
	s->done = true;
	close(SHIM_DIR_FD); /* the lock goes first: who sees a ring closed looks for that */
	fd_close(&s->ring_fd[0]);
	fd_close(&s->ring_fd[1]);
}

static void read_answer(struct shim *s)
{
	struct shim_answer answer;
	ssize_t n = read(s->report_fd, &answer, sizeof(answer));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	fd_close(&s->report_fd);
	if (n != (ssize_t)sizeof(answer)) { /* squashd was killed over it */
		s->again_ms = clock_mono_ms() + AGAIN_MS;
	} else if (s->report.kind == SHIM_ENDED) {
		let_go(s);
	} else if (answer.more_ms > 0) {
		s->deadline_ms += answer.more_ms;
		s->report.put_off_ms += answer.more_ms;
	} else if (!s->ended || s->report.signal == SIGKILL) {
		s->report.timed_out = true; /* and not of itself, just before */
	}
}

/* For poll(2): milliseconds until there is something to be done without an event. */
static int find_timeout_ms(const struct shim *s, uint64_t now)
{
	uint64_t due_ms = s->deadline_ms;
	if (s->done || s->report_fd >= 0 || (!s->ended && s->report.timed_out))
		return -1;
	if (now >= due_ms)
		due_ms = s->again_ms;
	return due_ms > now ? (int)(due_ms - now > 3600000 ? 3600000 : due_ms - now) : 0;
}

/* One round. False when there is nothing left to do. */
static bool step(struct shim *s)
{
	uint64_t now = clock_mono_ms();
	uint32_t news = find_news(s, now);
	if (s->done && !has_pipes(s))
		return false;
	if (news && s->report_fd < 0 && now >= s->again_ms)
		send_report(s, news);
	struct pollfd fds[WATCHED] = {
		[IN] = {.fd = s->in_fd, .events = POLLOUT},
		[OUT] = {.fd = s->out_fd[0], .events = POLLIN},
		[ERR] = {.fd = s->out_fd[1], .events = POLLIN},
		[PID] = {.fd = s->pid_fd, .events = POLLIN},
		[REPORT] = {.fd = s->report_fd, .events = POLLIN},
	};
	if (poll(fds, WATCHED, find_timeout_ms(s, clock_mono_ms())) < 0)
		return errno == EINTR;
	if (fds[IN].revents)
		fd_feed(&s->in_fd, &s->input_fd);
	if (fds[OUT].revents)
		take(s, 0);
	if (fds[ERR].revents)
		take(s, 1);
	if (fds[PID].revents)
		reap(s);
	if (fds[REPORT].revents)
		read_answer(s);
	return true;
}

/* The descriptor, or -1 if we were not given it. */
static int given(int fd)
{
	return fcntl(fd, F_GETFD) < 0 ? -1 : fd;
}

int main(int argc, char **argv)
{
	struct shim s = {
		.input_fd = given(SHIM_INPUT_FD),
		.in_fd = given(SHIM_IN_FD),
		.out_fd = {given(SHIM_OUT_FD), given(SHIM_ERR_FD)},
		.pid_fd = given(SHIM_PID_FD),
		.ring_fd = {given(SHIM_RING_OUT_FD), given(SHIM_RING_ERR_FD)},
		.report_fd = -1,
	};
	struct err e;
	if (argc != SHIM_ARGS || seccomp_confine(&calls, &e) < 0)
		return EXIT_FAILURE;
	s.report.seq = strtoull(argv[SHIM_ARG_SEQ], NULL, 10);
	s.started_ms = strtoull(argv[SHIM_ARG_STARTED], NULL, 10);
	s.deadline_ms = strtoull(argv[SHIM_ARG_DEADLINE], NULL, 10);
	s.done = s.pid_fd < 0;
	while (step(&s))
		;
	return EXIT_SUCCESS;
}
