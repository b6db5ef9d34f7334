/* SPDX-License-Identifier: MIT */
#include "inodes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/statvfs.h>

#include "lib/fd.h"
#include "squashd/kernel/quota.h"

#define SHARE_MIN 32 /* an upper takes two, and a command some more */

/* The projects with a limit: sandboxes. A few more than there can be may be going. */
struct account {
	size_t count;
	struct quota all[LIMIT_SANDBOXES + 64];
	uint64_t promised; /* what these may take beyond what they have */
	uint64_t room;     /* what is free, without the appliance's part */
};

/* The lock under which limits are read and set, owned by the caller, or -errno. */
static int lock_limits(const struct server *s, struct err *e)
{
	AUTO_FD fd = openat(s->sandboxes_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return err_set(e, errno, "lock the limits of inodes");
	return fd_steal(&fd);
}

/* All of them but the project. What is free is read last: whoever takes some meanwhile takes it
 * from his own promise, which then counts as greater than it is. */
static int read_account(const struct server *s, uint32_t without, struct account *a, struct err *e)
{
	struct statvfs fs;
	struct quota q = {.project = 0};
	a->count = 0;
	a->promised = 0;
	while (quota_next(s->data_fd, q.project + 1, &q)) {
		if (q.inodes_max == 0 || q.project == without)
			continue;
		if (a->count == sizeof(a->all) / sizeof(a->all[0]))
			return err_say(e, ENOSPC, "the disk has too many quotas");
		a->all[a->count++] = q;
		if (q.inodes_max > q.inodes_used)
			a->promised += q.inodes_max - q.inodes_used;
	}
	if (fstatvfs(s->data_fd, &fs) < 0)
		return err_set(e, errno, "statvfs");
	uint64_t kept = (uint64_t)fs.f_files / LIMIT_INODES_KEPT;
	a->room = fs.f_ffree > kept ? fs.f_ffree - kept : 0;
	return 0;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Each gets at most what it was promised at first, and share beyond what it has. */
static int share_out(const struct server *s, const struct account *a, uint64_t share, struct err *e)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct quota *q = &a->all[i];
		uint64_t max = lesser(q->disk_mb * LIMIT_INODES_PER_MB, q->inodes_used + share);
		int rc = max == q->inodes_max ? 0
					      : quota_limit_inodes(s->data_fd, q->project, max, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int inodes_limit(const struct server *s, uint32_t project, uint64_t disk_mb, struct err *e)
{
	static struct account a;
	AUTO_FD lock = lock_limits(s, e);
	int rc = lock < 0 ? lock : read_account(s, project, &a, e);
	if (rc < 0)
		return rc;
	/* Half of the room stays unpromised, so that the limits of all are set anew not with each
	 * sandbox, but when there are three times as many. */
	uint64_t share = a.room / 2 / (a.count + 1);
	uint64_t most = disk_mb * LIMIT_INODES_PER_MB;
	struct quota own = {.project = project};
	quota_read(s->data_fd, &own);
	if (a.promised + lesser(most, share) > a.room)
		rc = share_out(s, &a, share, e);
	if (rc < 0)
		return rc;
	if (lesser(most, share) < SHARE_MIN)
		return err_say(e, ENOSPC, "the disk has no inodes left for another sandbox");
	return quota_limit(s->data_fd, project, disk_mb, lesser(most, own.inodes_used + share), e);
}

void inodes_share_out(const struct server *s)
{
	static struct account a;
	struct err e;
	bool lowered = false;
	AUTO_FD lock = lock_limits(s, &e);
	if (lock < 0 || read_account(s, 0, &a, &e) < 0 || a.count == 0)
		return;
	for (size_t i = 0; i < a.count; i++)
		lowered = lowered || a.all[i].inodes_max < a.all[i].disk_mb * LIMIT_INODES_PER_MB;
	if (lowered)
		share_out(s, &a, a.room / 2 / a.count, &e);
}
