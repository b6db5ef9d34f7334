/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fd.h"
#include "squashd/store/meta.h"
#include "squashd/store/report.h"

#define RETRY_MS 1000
#define RETRY_MS_MAX 64000
#define EGRESS_RETRY_MS 100    /* activate and restore end it and start it again in less */
#define EGRESS_STEADY_MS 10000 /* it runs: that it died before is forgotten */

/* events: EPOLLIN, and what epoll_ctl(2) may add to it. */
static int add_fd(struct watch *w, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = {.events = events, .data.u64 = data};
	return epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

int watch_init(struct watch *w, struct err *e)
{
	int pair[2];
	w->next_ms = UINT64_MAX;
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll_fd < 0)
		return err_set(e, errno, "epoll_create1");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "socketpair");
	w->news_fd = pair[0];
	w->report_fd = pair[1];
	if (add_fd(w, w->news_fd, EPOLLIN, WATCH_NEWS) < 0)
		return err_set(e, errno, "epoll_ctl");
	return 0;
}

static void set_due(struct watch *w, struct watched *one, uint64_t due_ms)
{
	one->due_ms = due_ms;
	if (due_ms < w->next_ms)
		w->next_ms = due_ms;
}

static void set_egress_due(struct watch *w, struct watched *one, uint64_t due_ms)
{
	one->egress_due_ms = due_ms;
	if (due_ms < w->next_ms)
		w->next_ms = due_ms;
}

static void forget(struct watched *one)
{
	fd_close(&one->pidfd); /* and epoll forgets it */
	fd_close(&one->egress_fd);
	one->id[0] = '\0';
}

/* The time to wait from now on, which is twice as long the next time. */
static uint64_t take_retry(uint64_t *retry_ms)
{
	uint64_t wait_ms = *retry_ms;
	if (*retry_ms < RETRY_MS_MAX)
		*retry_ms *= 2;
	return wait_ms;
}

static struct watched *find_place(struct watch *w, const char *id)
{
	struct watched *unused = NULL;
	for (size_t i = 0; i < LIMIT_SANDBOXES; i++) {
		if (strcmp(w->all[i].id, id) == 0)
			return &w->all[i];
		if (!unused && w->all[i].id[0] == '\0')
			unused = &w->all[i];
	}
	return unused;
}

/* Copy the descriptor, and have its events name data. It is readable when the process has ended:
 * pidfd_open(2). Once, or it would be told again and again: closing it does not end that while a
 * worker has its copy. -1 if there is none, or that fails. */
static int add_pidfd(struct watch *w, int pidfd, uint64_t data)
{
	AUTO_FD copy = pidfd < 0 ? -1 : fcntl(pidfd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0 || add_fd(w, copy, EPOLLIN | EPOLLONESHOT, data) < 0)
		return -1;
	return fd_steal(&copy);
}

static void add_sandbox(struct watch *w, const struct report *report, int pidfd)
{
	struct watched *one = find_place(w, report->id);
	if (!one)
		return; /* create holds to the limit; the sandbox lives on unwatched */
	if (one->id[0] != '\0')
		forget(one); /* of that name, but gone */
	*one = (struct watched){.retry_ms = RETRY_MS,
				.pidfd = add_pidfd(w, pidfd, (uint64_t)(one - w->all)),
				.egress_fd = -1,
				.egress_due_ms = UINT64_MAX,
				.egress_retry_ms = EGRESS_RETRY_MS};
	memcpy(one->id, report->id, sizeof(one->id));
	set_due(w, one, report->deadline_ms ? report->deadline_ms : UINT64_MAX);
	if (pidfd >= 0 && one->pidfd < 0)
		set_due(w, one, clock_mono_ms() + RETRY_MS);
}

static void add_egress(struct watch *w, const struct report *report, int pidfd)
{
	struct watched *one = find_place(w, report->id);
	if (!one || one->id[0] == '\0')
		return; /* it has ended meanwhile */
	fd_close(&one->egress_fd);
	one->egress_fd = add_pidfd(w, pidfd, WATCH_EGRESS + (uint64_t)(one - w->all));
	one->egress_since_ms = clock_mono_ms();
	one->egress_due_ms = UINT64_MAX;
	if (report->kind == REPORT_NO_EGRESS)
		one->egress_retry_ms = EGRESS_RETRY_MS;
	else if (one->egress_fd < 0)
		set_egress_due(w, one, clock_mono_ms() + take_retry(&one->egress_retry_ms));
}

static void take_news(struct watch *w)
{
	struct report report;
	AUTO_FD pidfd = -1;
	if (!report_take(w->news_fd, &report, &pidfd))
		return;
	if (report.kind == REPORT_SANDBOX)
		add_sandbox(w, &report, pidfd);
	else
		add_egress(w, &report, pidfd);
}

/* An event may have been that of the process before, which is told when another has its place. */
static bool has_ended(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	return pidfd >= 0 && poll(&p, 1, 0) == 1;
}

static void note_egress_end(struct watch *w, struct watched *one)
{
	uint64_t now = clock_mono_ms();
	fd_close(&one->egress_fd);
	if (now - one->egress_since_ms >= EGRESS_STEADY_MS)
		one->egress_retry_ms = EGRESS_RETRY_MS;
	set_egress_due(w, one, now + take_retry(&one->egress_retry_ms));
}

void watch_handle(struct watch *w, uint64_t data)
{
	struct watched *one = data < WATCH_NEWS ? &w->all[data % LIMIT_SANDBOXES] : NULL;
	if (data == WATCH_NEWS) {
		take_news(w);
	} else if (one && data < WATCH_EGRESS && has_ended(one->pidfd)) {
		fd_close(&one->pidfd);
		set_due(w, one, 0);
	} else if (one && data >= WATCH_EGRESS && has_ended(one->egress_fd)) {
		note_egress_end(w, one);
	}
}

/* Whether the sandbox is to be named, and as what. */
static bool is_due(struct watched *one, uint64_t now, enum watch_what *what)
{
	if (one->due_ms <= now) {
		*what = WATCH_IS_OVER;
		one->due_ms = now + take_retry(&one->retry_ms);
		return true;
	}
	if (one->egress_due_ms <= now) {
		*what = WATCH_HAS_NO_WAY;
		one->egress_due_ms = now + take_retry(&one->egress_retry_ms);
		return true;
	}
	return false;
}

static uint64_t sooner(uint64_t a_ms, uint64_t b_ms)
{
	return a_ms < b_ms ? a_ms : b_ms;
}

const char *watch_next(struct watch *w, const struct server *s, enum watch_what *what)
{
	uint64_t now = clock_mono_ms(), next = UINT64_MAX;
	if (now < w->next_ms)
		return NULL;
	for (size_t i = 0; i < LIMIT_SANDBOXES; i++) {
		struct watched *one = &w->all[i];
		if (one->id[0] == '\0')
			continue;
		uint64_t due_ms = sooner(one->due_ms, one->egress_due_ms);
		if (due_ms <= now && !meta_exists(s, one->id))
			forget(one);
		else if (is_due(one, now, what))
			return one->id; /* next_ms stays: the next call looks at the others */
		else
			next = sooner(next, due_ms);
	}
	w->next_ms = next;
	return NULL;
}

int watch_timeout_ms(const struct watch *w)
{
	uint64_t now = clock_mono_ms();
	if (w->next_ms == UINT64_MAX)
		return -1;
	if (w->next_ms <= now)
		return 0;
	return w->next_ms - now > 3600000 ? 3600000 : (int)(w->next_ms - now) + 1;
}
