/* SPDX-License-Identifier: MIT */
/* squashd, the only privileged service. It accepts on the socket that init made (descriptor 3) and
 * forks a worker for each connection; it keeps nothing in memory that a worker or its successor
 * could not read from files and from the kernel, so it may be killed at any moment. The digest of
 * the bearer token comes through a pipe (descriptor 4), its settings from the environment: those
 * that init/settings/settings_values.c has for squashd, checked. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "seats.h"
#include "squashd/box/capture.h"
#include "squashd/box/life.h"
#include "squashd/kernel/cgroup.h"
#include "squashd/kernel/filter_room.h"
#include "squashd/kernel/processors.h"
#include "squashd/kernel/quota.h"
#include "squashd/network/egress.h"
#include "squashd/request/shim_report.h"
#include "squashd/store/journal.h"
#include "squashd/store/leftover.h"
#include "squashd/store/totals.h"
#include "watch.h"
#include "worker.h"

enum { LISTEN_FD = 3, TOKEN_FD = 4 };
enum {
	EVENT_CONNECTION = WATCH_FIRST_FREE,
	EVENT_SERVERS,
	EVENT_SHIM
}; /* beside what watch.h uses */

#define SWEEP_AGAIN_MS 1000
#define SWEEP_AGAIN_MS_MAX 64000

static volatile sig_atomic_t child_ended;

static void note_child(int signal)
{
	(void)signal;
	child_ended = 1;
}

static int open_dir(int dir_fd, const char *path, bool make, mode_t mode, struct err *e)
{
	if (make && mkdirat(dir_fd, path, mode) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", path);
	int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	return fd;
}

static int open_programs(struct server *s, struct err *e)
{
	struct {
		int *fd;
		const char *path;
	} programs[] = {
		{&s->box_init_fd, PATH_BOX_INIT},
		{&s->box_files_fd, PATH_BOX_FILES},
		{&s->mksquashfs_fd, PATH_MKSQUASHFS},
		{&s->egress_fd, PATH_EGRESS},
		{&s->shim_fd, PATH_SHIM},
	};
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		*programs[i].fd = open(programs[i].path, O_PATH | O_CLOEXEC);
		if (*programs[i].fd < 0)
			return err_set(e, errno, "open %s", programs[i].path);
	}
	return 0;
}

static int open_dirs(struct server *s, struct err *e)
{
	const char *data = getenv("SQUASH_DATA");
	if (!data || data[0] != '/')
		return err_say(e, EINVAL, "SQUASH_DATA is not set");
	int n = snprintf(s->sandboxes_path, sizeof(s->sandboxes_path), "%s/" NAME_SANDBOXES, data);
	if (n < 0 || (size_t)n >= sizeof(s->sandboxes_path))
		return err_set(e, ENAMETOOLONG, "SQUASH_DATA");

	s->data_fd = open_dir(AT_FDCWD, data, true, 0755, e);
	if (s->data_fd < 0)
		return s->data_fd;
	s->modules_fd = open_dir(s->data_fd, NAME_MODULES, true, 0755, e);
	if (s->modules_fd < 0)
		return s->modules_fd;
	s->sandboxes_fd = open_dir(s->data_fd, NAME_SANDBOXES, true, 0700, e);
	if (s->sandboxes_fd < 0)
		return s->sandboxes_fd;
	s->builtin_fd = open_dir(AT_FDCWD, PATH_BUILTIN_MODULES, false, 0, e);
	if (s->builtin_fd < 0)
		return s->builtin_fd;
	s->run_fd = open_dir(AT_FDCWD, PATH_RUN, true, 0755, e);
	if (s->run_fd < 0)
		return s->run_fd;
	static const char *const names[] = {"layers", "slots",   "running", "stage",
					    "egress", "traffic", "shim"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (mkdirat(s->run_fd, names[i], 0700) < 0 && errno != EEXIST)
			return err_set(e, errno, "make %s/%s", PATH_RUN, names[i]);
	int rc = open_programs(s, e);
	if (rc < 0)
		return rc;
	s->has_disk = quota_is_enforced(s->data_fd);
	return 0;
}

static int read_token(struct server *s, struct err *e)
{
	ssize_t n = fd_read_all(TOKEN_FD, s->token_digest, sizeof(s->token_digest));
	close(TOKEN_FD);
	if (n < 0)
		return err_set(e, (int)-n, "read the token's digest");
	/* One that is cut short must not become none. */
	if (n > 0 && (size_t)n < sizeof(s->token_digest))
		return err_set(e, EBADMSG, "read the token's digest");
	s->has_token = n > 0;
	return 0;
}

static int set_up(struct server *s, struct err *e)
{
	struct sysinfo info;
	if (sysinfo(&info) < 0)
		return err_set(e, errno, "sysinfo");
	s->memory_mb = (uint64_t)info.totalram * info.mem_unit >> 20;
	const char *most = getenv("SQUASH_MAX_SANDBOXES"); /* checked by init */
	s->max_sandboxes = most ? strtoul(most, NULL, 10) : LIMIT_SANDBOXES;
	if (s->max_sandboxes > LIMIT_SANDBOXES)
		s->max_sandboxes = LIMIT_SANDBOXES;
	const char *networks = getenv("SQUASH_EGRESS_PRIVATE"); /* so is this */
	s->egress_private = networks ? networks : "";
	const char *card = getenv("SQUASH_EGRESS_IFACE");
	s->egress_is_bound = card && card[0] != '\0';
	int rc = read_token(s, e);
	if (rc == 0)
		rc = processors_count(&s->processors, e);
	if (rc == 0)
		rc = open_dirs(s, e);
	if (rc < 0)
		return rc;
	s->cgroup_fd = cgroup_make_root(s->memory_mb, e);
	if (s->cgroup_fd < 0)
		return s->cgroup_fd;
	s->capture_fd = capture_make_root(e);
	if (s->capture_fd < 0)
		return s->capture_fd;
	s->totals = totals_map(s->run_fd, e);
	s->seats = s->totals ? seats_make(e) : NULL;
	return s->seats ? journal_begin(s, e) : -e->number;
}

/* What a forked child is to do; the first that is set. */
struct work {
	int conn_fd;     /* serve a request, */
	bool is_shim;    /* or a shim's report */
	const char *end; /* end this sandbox if it is over */
	const char *way; /* give this one an egress, if it has none */
	bool recover;    /* look after all that was there before squashd started */
};

/* A worker's exit code. */
enum { WORK_DONE, WORK_LEFT, SWEEP_DONE, SWEEP_LEFT };

static int do_work(const struct server *s, const struct work *work)
{
	struct err e;
	bool sweeps = work->conn_fd < 0 && !work->end && !work->way;
	if (work->is_shim) {
		shim_report_serve(s, work->conn_fd);
	} else if (work->conn_fd >= 0) {
		worker_serve(s, work->conn_fd);
	} else if (work->end) {
		int rc = life_end_if_over(s, work->end, &e);
		if (rc < 0 && rc != -ENOENT)
			leftover_note(work->end, &e);
	} else if (work->way) {
		int rc = egress_mend(s, work->way, &e); /* if not, squashd comes back to it */
		if (rc < 0 && rc != -ENOENT)
			fprintf(stderr, "squashd: sandbox %s: %s\n", work->way, e.text);
	} else if (work->recover) {
		life_recover(s);
	} else {
		life_sweep(s);
	}
	if (leftover_is_noted())
		return sweeps ? SWEEP_LEFT : WORK_LEFT;
	return sweeps ? SWEEP_DONE : WORK_DONE;
}

/* The worker's pid; 0: it could not be started. */
static pid_t start_worker(struct server *s, const struct work *work)
{
	bool is_new = work->conn_fd >= 0 && !work->is_shim;
	s->seat = seats_take(s->seats, is_new ? SEAT_NEW : SEAT_OWN);
	if (s->seat < 0)
		return 0;
	pid_t pid = fork();
	if (pid != 0) {
		seats_give(s->seats, s->seat, pid);
		return pid > 0 ? pid : 0;
	}
	close(LISTEN_FD);
	signal(SIGCHLD, SIG_DFL);
	_exit(do_work(s, work));
}

struct loop {
	struct server *server;
	struct watch *watch;
	int servers_fd; /* inotify: tells that PATH_RESOLV is another */
	int shim_fd;    /* where shims report */
	bool hears_shims;
	bool listening;          /* not before what was there has been looked after */
	pid_t sweeper;           /* the worker that sweeps; 0: none */
	uint64_t sweep_at_ms;    /* of the next, which waits for the sweeper */
	unsigned sweep_again_ms; /* how long to wait when a sweep has left something */
};

static void sweep_after(struct loop *l, unsigned wait_ms)
{
	uint64_t at_ms = clock_mono_ms() + wait_ms;
	if (at_ms < l->sweep_at_ms)
		l->sweep_at_ms = at_ms;
}

/* What the end of a worker means. */
static void judge_end(struct loop *l, int status)
{
	if (WIFSIGNALED(status))
		fprintf(stderr, "squashd: a worker died of signal %d\n", WTERMSIG(status));
	if (!WIFEXITED(status) || WEXITSTATUS(status) == WORK_LEFT) {
		sweep_after(l, 0);
	} else if (WEXITSTATUS(status) == SWEEP_DONE) {
		l->sweep_again_ms = SWEEP_AGAIN_MS;
	} else if (WEXITSTATUS(status) == SWEEP_LEFT) {
		sweep_after(l, l->sweep_again_ms);
		if (l->sweep_again_ms < SWEEP_AGAIN_MS_MAX)
			l->sweep_again_ms *= 2;
	}
}

static void accept_one(struct loop *l)
{
	AUTO_FD conn = accept4(LISTEN_FD, NULL, NULL, SOCK_CLOEXEC);
	const struct work work = {.conn_fd = conn};
	if (conn < 0)
		return;
	l->server->requests_under_way = seats_taken(l->server->seats) + 1;
	if (!start_worker(l->server, &work))
		worker_refuse(conn);
}

/* Have events of the shims' socket, or none, until one of those that are being served has ended. */
static void hear_shims(struct loop *l, bool on)
{
	if (l->hears_shims == on)
		return;
	l->hears_shims = on;
	struct epoll_event event = {.events = on ? EPOLLIN : 0, .data.u64 = EVENT_SHIM};
	epoll_ctl(l->watch->epoll_fd, EPOLL_CTL_MOD, l->shim_fd, &event);
}

static void accept_shim(struct loop *l)
{
	if (seats_of_class(l->server->seats, SEAT_OWN) >= LIMIT_WORKERS_REPORTS) {
		hear_shims(l, false);
		return;
	}
	AUTO_FD conn = accept4(l->shim_fd, NULL, NULL, SOCK_CLOEXEC);
	const struct work work = {.conn_fd = conn, .is_shim = true};
	if (conn >= 0)
		start_worker(l->server, &work); /* if not, it comes again */
}

static int watch_shims(struct loop *l, struct err *e)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = EVENT_SHIM};
	l->shim_fd = shim_report_listen(l->server, e);
	if (l->shim_fd < 0)
		return l->shim_fd;
	if (epoll_ctl(l->watch->epoll_fd, EPOLL_CTL_ADD, l->shim_fd, &event) < 0)
		return err_set(e, errno, "watch the shims' socket");
	l->hears_shims = true;
	return 0;
}

/* The appliance has other name servers: a sweep tells each egress. It has them from DHCP, later
 * than squashd has started sandboxes after a boot. */
static int watch_servers(struct loop *l, struct err *e)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = EVENT_SERVERS};
	l->servers_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	/* The directory: the file is replaced, and not there at first. */
	if (l->servers_fd < 0 ||
	    inotify_add_watch(l->servers_fd, PATH_RESOLV_DIR, IN_MOVED_TO) < 0 ||
	    epoll_ctl(l->watch->epoll_fd, EPOLL_CTL_ADD, l->servers_fd, &event) < 0)
		return err_set(e, errno, "watch %s", PATH_RESOLV);
	return 0;
}

static void read_servers_events(struct loop *l)
{
	char events[1024] __attribute__((aligned(__alignof__(struct inotify_event))));
	const char *wanted = l->server->egress_is_bound ? NAME_EGRESS_RESOLV : NAME_RESOLV;
	bool changed = false;
	ssize_t n;
	while ((n = read(l->servers_fd, events, sizeof(events))) > 0)
		for (const char *at = events; at < events + n;) {
			const struct inotify_event *event = (const void *)at;
			changed = changed || (event->len > 0 && strcmp(event->name, wanted) == 0);
			at += sizeof(*event) + event->len;
		}
	if (changed)
		sweep_after(l, 0);
}

static void handle(struct loop *l, uint64_t data)
{
	if (data == EVENT_CONNECTION)
		accept_one(l);
	else if (data == EVENT_SERVERS)
		read_servers_events(l);
	else if (data == EVENT_SHIM)
		accept_shim(l);
	else
		watch_handle(l->watch, data);
}

static void listen_now(struct loop *l)
{
	struct epoll_event connection = {.events = EPOLLIN, .data.u64 = EVENT_CONNECTION};
	if (epoll_ctl(l->watch->epoll_fd, EPOLL_CTL_ADD, LISTEN_FD, &connection) == 0) {
		l->listening = true;
		return;
	}
	perror("squashd: epoll_ctl");
	exit(1); /* init starts it again */
}

static void note_ended(struct loop *l)
{
	int status;
	pid_t pid;
	child_ended = 0;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == l->sweeper)
			l->sweeper = 0;
		if (seats_end(l->server->seats, pid))
			judge_end(l, status);
	}
	hear_shims(l, true);
	/* The first worker is the one that recovers, and there are no others beside it but those
	 * that end what is over. */
	if (!l->listening && seats_taken(l->server->seats) == 0)
		listen_now(l);
}

/* One at a time: what comes up while one is under way, the next looks after. */
static void sweep_if_due(struct loop *l)
{
	if (l->sweeper || clock_mono_ms() < l->sweep_at_ms)
		return;
	l->sweep_at_ms = UINT64_MAX;
	l->sweeper = start_worker(l->server, &(struct work){.conn_fd = -1});
	if (!l->sweeper)
		sweep_after(l, SWEEP_AGAIN_MS);
}

static int find_timeout_ms(const struct loop *l)
{
	uint64_t now = clock_mono_ms();
	int watch_ms = watch_timeout_ms(l->watch);
	if (l->sweeper || l->sweep_at_ms == UINT64_MAX)
		return watch_ms;
	int sweep_ms = l->sweep_at_ms > now ? (int)(l->sweep_at_ms - now) : 0;
	return watch_ms >= 0 && watch_ms < sweep_ms ? watch_ms : sweep_ms;
}

/* They are told of in epoll_pwait, and nowhere else: before the first is born, or its end could
 * come unheard. */
static void hold_ends_of_children(void)
{
	struct sigaction on_child = {.sa_handler = note_child};
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	sigaction(SIGCHLD, &on_child, NULL);
}

static void serve(struct loop *l)
{
	enum { EVENTS = 32 };
	sigset_t none;
	sigemptyset(&none);
	for (;;) {
		struct epoll_event events[EVENTS];
		int n = epoll_pwait(l->watch->epoll_fd, events, EVENTS, find_timeout_ms(l), &none);
		if (child_ended)
			note_ended(l);
		sweep_if_due(l);
		for (int i = 0; i < n; i++)
			handle(l, events[i].data.u64);
		enum watch_what what;
		for (const char *id; (id = watch_next(l->watch, l->server, &what));)
			start_worker(l->server,
				     &(struct work){.conn_fd = -1,
						    .end = what == WATCH_IS_OVER ? id : NULL,
						    .way = id});
	}
}

int main(void)
{
	static struct server server;
	static struct watch watch;
	struct loop loop = {.server = &server,
			    .watch = &watch,
			    .sweep_at_ms = UINT64_MAX,
			    .sweep_again_ms = SWEEP_AGAIN_MS};
	struct err e;
	struct rlimit files;

	prctl(PR_SET_DUMPABLE, 0); /* callers' tokens pass through our workers' memory */
	signal(SIGPIPE, SIG_IGN);
	hold_ends_of_children();
	fcntl(LISTEN_FD, F_SETFD, FD_CLOEXEC);
	umask(022);
	/* A pidfd for each sandbox; a worker inherits them, and opens its own beside them. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (set_up(&server, &e) < 0 || filter_room_limit(&e) < 0 || watch_init(&watch, &e) < 0 ||
	    watch_servers(&loop, &e) < 0 || watch_shims(&loop, &e) < 0) {
		fprintf(stderr, "squashd: %s\n", e.text);
		return 1;
	}
	server.report_fd = watch.report_fd;
	/* In a child, as all that starts sandboxes: their PID 1 is nothing that squashd reaps. */
	loop.sweeper = start_worker(&server, &(struct work){.conn_fd = -1, .recover = true});
	if (!loop.sweeper) {
		perror("squashd: fork");
		return 1;
	}
	serve(&loop);
}
