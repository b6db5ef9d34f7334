/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

union control { /* room for one descriptor, aligned: cmsg(3) */
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

static int send_report(const struct server *s, const struct report *report, int pidfd,
		       struct err *e)
{
	struct report copy = *report;
	union control control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
					  .cmsg_level = SOL_SOCKET,
					  .cmsg_type = SCM_RIGHTS}};
	struct iovec part = {.iov_base = &copy, .iov_len = sizeof(copy)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	memcpy(CMSG_DATA(&control.head), &pidfd, sizeof(pidfd));
	if (pidfd < 0)
		message.msg_controllen = 0;
	if (sendmsg(s->report_fd, &message, MSG_NOSIGNAL) < 0)
		return err_set(e, errno, "report sandbox %s", report->id);
	return 0;
}

int report_sandbox(const struct server *s, const struct sandbox *sb, int pidfd, struct err *e)
{
	struct report report = {.kind = REPORT_SANDBOX, .deadline_ms = sb->runtime.deadline_ms};
	memcpy(report.id, sb->id, sizeof(report.id));
	return send_report(s, &report, pidfd, e);
}

int report_egress(const struct server *s, const char *id, int pidfd, bool wanted, struct err *e)
{
	struct report report = {.kind = wanted ? REPORT_EGRESS : REPORT_NO_EGRESS};
	memcpy(report.id, id, strlen(id) + 1);
	return send_report(s, &report, pidfd, e);
}

bool report_take(int fd, struct report *report, int *pidfd)
{
	union control control;
	struct iovec part = {.iov_base = report, .iov_len = sizeof(*report)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *head = n < 0 ? NULL : CMSG_FIRSTHDR(&message);
	*pidfd = -1;
	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(pidfd, CMSG_DATA(head), sizeof(*pidfd));
	return n == (ssize_t)sizeof(*report);
}
