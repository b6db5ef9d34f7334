/* SPDX-License-Identifier: MIT */
#include "egress.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "egress_execute.h"
#include "egress_net.h"
#include "egress_policy.h"
#include "lib/fd.h"
#include "squashd/kernel/cgroup.h"
#include "squashd/store/leftover.h"
#include "squashd/store/meta.h"
#include "squashd/store/meta_text.h"
#include "squashd/store/report.h"

#define STOP_MS 10000 /* it is gone in a millisecond or two */

static const struct egress_list nothing;

/* Start one that reaches what the list says, in the network of the process that pidfd is. */
static int start(const struct server *s, const struct sandbox *sb, const struct egress_list *list,
		 int pidfd, int *egress_pidfd, struct err *e)
{
	struct egress_net n;
	int rc = egress_net_make(pidfd, &n, e);
	if (rc == 0)
		rc = egress_net_route(&n, &nothing, list, e);
	if (rc == 0)
		rc = egress_execute(s, sb, &n, egress_pidfd, e);
	egress_net_close(&n); /* it has its own, or is not there */
	return rc < 0 ? rc : egress_policy_send(s, sb->id, list, e);
}

int egress_start(const struct server *s, const struct sandbox *sb, int pidfd, int *egress_pidfd,
		 struct err *e)
{
	static struct egress_list list;
	egress_list_read(sb, &list);
	*egress_pidfd = -1;
	return list.count > 0 ? start(s, sb, &list, pidfd, egress_pidfd, e) : 0;
}

int egress_stop(const struct server *s, const char *id, struct err *e)
{
	AUTO_FD pidfd = -1;
	pid_t pid = cgroup_find_egress(s->cgroup_fd, id, &pidfd, e);
	if (pid < 0)
		return pid;
	/* Not by cgroup.kill: the leaf would have to be replaced (leaf.c). */
	if (pid > 0 && syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 &&
	    errno != ESRCH)
		return err_set(e, errno, "kill the egress of sandbox %s", id);
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	if (pid > 0 && poll(&ended, 1, STOP_MS) == 0)
		return err_say(e, EBUSY, "the egress of sandbox %s is still there", id);
	return egress_policy_forget(s, id, e);
}

/* Give the one that runs, if any, the list. 1: it has taken it, and *egress_pidfd is set; 0: there
 * is none, any more. */
static int tell(const struct server *s, const char *id, const struct egress_list *list,
		int *egress_pidfd, struct err *e)
{
	pid_t pid = cgroup_find_egress(s->cgroup_fd, id, egress_pidfd, e);
	if (pid > 0 && list->count > 0 && egress_policy_send(s, id, list, e) == 0)
		return 1;
	fd_close(egress_pidfd);
	if (pid > 0 && list->count > 0)
		fprintf(stderr, "squashd: %s: it is replaced\n", e->text);
	return pid < 0 ? pid : egress_stop(s, id, e);
}

/* Connections end before routes do, and begin after them. */
static int set(const struct server *s, const struct sandbox *sb, const struct egress_list *before,
	       const struct egress_list *list, int *egress_pidfd, struct err *e)
{
	struct egress_net n;
	AUTO_FD init = -1;
	pid_t pid = cgroup_find_init(s->cgroup_fd, sb->id, &init, e);
	if (pid < 0)
		return pid == -ESRCH ? 0 : pid;
	int told = tell(s, sb->id, list, egress_pidfd, e);
	int rc = told < 0 ? told : 0;
	if (told == 0 && list->count > 0)
		rc = start(s, sb, list, init, egress_pidfd, e);
	if (rc < 0 || (list->count == 0 && before->count == 0))
		return rc;
	rc = egress_net_enter(init, &n, e);
	if (rc == 0)
		rc = egress_net_route(&n, before, list, e);
	if (rc == 0 && list->count == 0)
		rc = egress_net_unset(&n, e);
	egress_net_close(&n);
	return rc;
}

int egress_change(const struct server *s, const struct sandbox *before, const struct sandbox *sb,
		  struct err *e)
{
	static struct egress_list old, list;
	struct err left;
	AUTO_FD pidfd = -1;
	if (sb->runtime.slot == SLOT_NONE || sb->runtime.down)
		return 0;
	egress_list_read(sb, &list);
	old.count = 0;
	if (before != sb)
		egress_list_read(before, &old);
	int rc = set(s, sb, &old, &list, &pidfd, e);
	if (rc < 0) {
		fd_close(&pidfd);
		if (egress_stop(s, sb->id, &left) < 0)
			leftover_note(sb->id, &left);
	}
	if (report_egress(s, sb->id, pidfd, list.count > 0, &left) < 0)
		leftover_note(sb->id, &left); /* the sweep comes by here */
	return rc;
}

int egress_mend(const struct server *s, const char *id, struct err *e)
{
	static struct sandbox sb;
	AUTO_FD dir = meta_lock(s, id, LIMIT_BUSY_MS, e);
	int rc = dir < 0 ? dir : meta_load(s, dir, id, &sb, e);
	return rc < 0 ? rc : egress_change(s, &sb, &sb, e);
}

int egress_sweep(const struct server *s, bool (*has)(const struct server *s, const char *id),
		 struct err *e)
{
	int rc = 0;
	DIR *dir = fd_open_dir(s->run_fd, "egress");
	if (!dir)
		return err_set(e, errno, "read egress");
	for (struct dirent *d; (d = readdir(dir));)
		if (meta_is_id(d->d_name, strlen(d->d_name)) && !has(s, d->d_name) && rc == 0)
			rc = egress_policy_forget(s, d->d_name, e);
	closedir(dir);
	return rc;
}
