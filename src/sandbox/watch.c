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

#include "cgroup.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "meta.h"

#define RETRY_MS 1000
#define RETRY_MS_MAX 64000

struct news {
	char id[LIMIT_ID_BYTES + 1];
	uint64_t deadline_ms;
};

union control { /* room for one descriptor, aligned: cmsg(3) */
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

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

static void forget(struct watched *one)
{
	fd_close(&one->pidfd); /* and epoll forgets it */
	one->id[0] = '\0';
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

void watch_add(struct watch *w, const char *id, uint64_t deadline_ms, int pidfd)
{
	struct watched *one = find_place(w, id);
	if (!one)
		return; /* create holds to the limit; the sandbox lives on unwatched */
	if (one->id[0] != '\0')
		forget(one); /* of that name, but gone */
	*one = (struct watched){.retry_ms = RETRY_MS,
				.pidfd = pidfd < 0 ? -1 : fcntl(pidfd, F_DUPFD_CLOEXEC, 0)};
	memcpy(one->id, id, strlen(id) + 1);
	set_due(w, one, deadline_ms ? deadline_ms : UINT64_MAX);
	/* A pidfd is readable when the process has ended: pidfd_open(2). Once, or it would be told
	 * again and again: closing it does not end that while a worker has its copy. */
	if (pidfd >= 0 && (one->pidfd < 0 || add_fd(w, one->pidfd, EPOLLIN | EPOLLONESHOT,
						    (uint64_t)(one - w->all)) < 0))
		set_due(w, one, clock_mono_ms() + RETRY_MS);
}

int watch_report(const struct server *s, const struct sandbox *sb, int pidfd, struct err *e)
{
	struct news news = {.deadline_ms = sb->runtime.deadline_ms};
	memcpy(news.id, sb->id, sizeof(news.id));
	union control control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
					  .cmsg_level = SOL_SOCKET,
					  .cmsg_type = SCM_RIGHTS}};
	struct iovec part = {.iov_base = &news, .iov_len = sizeof(news)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	memcpy(CMSG_DATA(&control.head), &pidfd, sizeof(pidfd));
	if (pidfd < 0)
		message.msg_controllen = 0;
	if (sendmsg(s->report_fd, &message, MSG_NOSIGNAL) < 0)
		return err_set(e, errno, "report sandbox %s", sb->id);
	return 0;
}

static void take_news(struct watch *w)
{
	struct news news;
	union control control;
	struct iovec part = {.iov_base = &news, .iov_len = sizeof(news)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(w->news_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *head = n < 0 ? NULL : CMSG_FIRSTHDR(&message);
	AUTO_FD pidfd = -1;
	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(&pidfd, CMSG_DATA(head), sizeof(pidfd));
	if (n == (ssize_t)sizeof(news))
		watch_add(w, news.id, news.deadline_ms, pidfd);
}

/* An event may have been that of the PID 1 before, which is told when another has its place. */
static bool has_ended(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	return pidfd >= 0 && poll(&p, 1, 0) == 1;
}

void watch_handle(struct watch *w, uint64_t data)
{
	if (data == WATCH_NEWS) {
		take_news(w);
	} else if (data < LIMIT_SANDBOXES && has_ended(w->all[data].pidfd)) {
		fd_close(&w->all[data].pidfd);
		set_due(w, &w->all[data], 0);
	}
}

const char *watch_next_over(struct watch *w, const struct server *s)
{
	uint64_t now = clock_mono_ms(), next = UINT64_MAX;
	if (now < w->next_ms)
		return NULL;
	for (size_t i = 0; i < LIMIT_SANDBOXES; i++) {
		struct watched *one = &w->all[i];
		if (one->id[0] == '\0')
			continue;
		if (one->due_ms <= now && !meta_exists(s, one->id)) {
			forget(one);
		} else if (one->due_ms <= now) {
			one->due_ms = now + one->retry_ms;
			if (one->retry_ms < RETRY_MS_MAX)
				one->retry_ms *= 2;
			return one
				->id; /* next_ms stays: the others are looked at in the next call */
		} else if (one->due_ms < next) {
			next = one->due_ms;
		}
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
